#!/bin/sh
# Runs the benchmark from this folder: needs sh, gzip and a Vulkan driver. ./run.sh --help
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/spiketape-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP

# every file that ends in .gz, under its name without that
(cd "$here/files" && find . -name '*.gz') | while read -r name; do
  mkdir -p "$work/$(dirname "$name")"
  gzip -dc "$here/files/$name" > "$work/${name%.gz}"
done
chmod +x "$work/node"

# Libraries of this system come first; ours stand in where it has none, or older ones.
add() { export LD_LIBRARY_PATH="$work/$1${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"; }
opens() {
  "$work/node" -e 'try { process.dlopen({ exports: {} }, process.argv[1]) } catch (error) {
    if (/cannot open shared object|version .* not found/.test(error.message)) { console.error(error.message); process.exit(1) }
  }' "$1" 2> "$work/why"
}
dawn=$(find "$work/node_modules" -name dawn.node)
if ! "$work/node" -e 0 2> "$work/why" || ! opens "$dawn"; then add base; fi
"$work/node" -e 0 2> "$work/why" && opens "$dawn" || {
  echo "this system cannot run it: $(head -n 1 "$work/why")" >&2
  exit 1
}
opens libvulkan.so.1 || { [ -d "$work/vulkan" ] && add vulkan; } || {
  echo "there is no Vulkan loader (libvulkan.so.1): $(head -n 1 "$work/why")" >&2
  exit 1
}
# Containers have NVIDIA's driver where the loader does not look.
nvidia=/usr/local/nvidia/share/vulkan/icd.d/nvidia_icd.json
if [ -z "${VK_DRIVER_FILES:-}" ] && [ -e "$nvidia" ] && ! ls /usr/share/vulkan/icd.d/nvidia* /etc/vulkan/icd.d/nvidia* > /dev/null 2>&1; then
  export VK_DRIVER_FILES="$nvidia"
fi
# Mesa's drivers ask for it, even where nothing is shown.
export XDG_RUNTIME_DIR="${XDG_RUNTIME_DIR:-$work}"
export SPIKETAPE_PEERS="$here/peers"
code=0
"$work/node" "$work/bench.mjs" "$@" || code=$?
exit "$code"
