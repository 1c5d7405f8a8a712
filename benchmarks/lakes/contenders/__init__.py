"""The lake tables' work as others do it: Parquet in folders by day, sorted, without copies."""
