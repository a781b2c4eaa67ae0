# Prints the cases that were skipped in a run of ctest, named and counted. FILE: one case per line.
if(EXISTS "${FILE}")
  file(STRINGS "${FILE}" cases)
  list(REMOVE_DUPLICATES cases)
  list(LENGTH cases count)
  list(JOIN cases "\n  " cases)
  message(NOTICE "\nSkipped, ${count} in all (WEFT_STRICT=1 makes each a failure):\n  ${cases}")
endif()
