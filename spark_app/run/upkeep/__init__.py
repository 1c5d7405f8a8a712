"""What an operator does to lake tables between runs, under the lock of each."""
