"""Where rows come from: what is promised of delivered files, and how they are read."""
