"""Speed and memory beside other libraries; run by scripts/bench."""
