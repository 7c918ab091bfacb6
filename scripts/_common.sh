# Sourced by the scripts beside it: goes to the top of the checkout and finds a prepared interpreter.
# shellcheck shell=bash
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."

# use_environment NAME FOLDER: builds the environment when it is missing or out of date, then sets $python.
use_environment() {
  scripts/setup --quiet --only "$1"
  python="$PWD/$2/bin/python"
}

# The stack needs no Home Assistant: any environment will do, and looking for one must not cost time.
use_any_environment() {
  local folder
  for folder in .venv .venv-2026.11 .venv-command; do
    if [[ -f $folder/.built-from && -x $folder/bin/python ]]; then
      python="$PWD/$folder/bin/python"
      return
    fi
  done
  use_environment command .venv-command
}
