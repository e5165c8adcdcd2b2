"""What proposes: each net updates z when it has x, and y when it has not."""
