# Shared by examples/generate.sh and tests/run.sh (POSIX sh, sourced in the repository's root): are a compiler, make,
# CMake and Python's pip there, and is the build tree of a preset configured and built?

# As root with apt-get: installs what is missing, saying so. Otherwise: prints the line that does, and stops.
weft_prerequisites() {
  apt='' dnf='' brew=''
  need() { apt="$apt $1" dnf="$dnf $2" brew="$brew $3"; }
  command -v "${CXX:-c++}" >/dev/null 2>&1 || command -v g++ >/dev/null 2>&1 || command -v clang++ >/dev/null 2>&1 ||
    need g++ gcc-c++ gcc
  command -v make >/dev/null 2>&1 || command -v ninja >/dev/null 2>&1 || need make make make
  command -v cmake >/dev/null 2>&1 || need cmake cmake cmake
  python3 -m pip --version >/dev/null 2>&1 || need python3-pip python3-pip python3
  [ -n "$apt" ] || return 0
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing what is missing:$apt" >&2
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $apt; } \
      </dev/null >"${TMPDIR:-/tmp}/weft-apt.log" 2>&1 || { cat "${TMPDIR:-/tmp}/weft-apt.log" >&2; exit 1; }
    return 0
  fi
  sudo='sudo '
  [ "$(id -u)" != 0 ] || sudo=''
  {
    echo "Missing:$apt. Install it with the line for your system, then run this command again:"
    echo "  Debian, Ubuntu:  ${sudo}apt-get install -y$apt"
    echo "  Fedora:          ${sudo}dnf install -y$dnf"
    echo "  macOS, Homebrew: brew install$brew"
  } >&2
  exit 1
}

# weft_build PRESET [TARGET...]: configures if needed and builds, with progress on standard error.
weft_build() {
  preset=$1 tree=build/$1
  shift
  version=$(cmake --version | sed -n '1s/[^0-9]*\([0-9]*\)\.\([0-9]*\).*/\1 \2/p')
  if [ "${version% *}" -lt 3 ] || { [ "${version% *}" = 3 ] && [ "${version#* }" -lt 25 ]; }; then
    echo "CMake 3.25 or newer is needed, and this is $(cmake --version | sed 1q). A newer one:" >&2
    echo "  python3 -m pip install --user cmake" >&2
    exit 1
  fi
  # A configured tree configures itself again when a CMake file changed; the presets are the one file it does not watch.
  if [ ! -e "$tree/.configured" ] || [ CMakePresets.json -nt "$tree/.configured" ]; then
    mkdir -p "$tree"
    echo "Configuring ($preset) ..." >&2
    cmake --preset "$preset" </dev/null >"$tree/configure.log" ||
      { echo "Configuring failed, see above; the rest of its output is in $tree/configure.log." >&2; exit 1; }
    : >"$tree/.configured"
  fi
  cmake --build --preset "$preset" --parallel "$(weft_jobs)" ${1+--target "$@"} </dev/null >&2 || exit 1
}

# As many compilers as there are processors, but no more than memory has room for (1.2 GB each).
weft_jobs() {
  jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
  room=$(awk '/^MemAvailable:/ {print int($2 / 1200000)}' /proc/meminfo 2>/dev/null)
  [ -z "$room" ] || [ "$room" -ge "$jobs" ] || jobs=$room
  [ "$jobs" -ge 1 ] || jobs=1
  echo "$jobs"
}
