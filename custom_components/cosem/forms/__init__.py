"""The forms: set-up as a value, its table of steps, schemas and texts, and the examination behind them."""
