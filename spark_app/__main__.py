from spark_app.cli import main

raise SystemExit(main())
