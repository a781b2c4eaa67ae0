# Runs a program on another processor: cmake -DQEMU=<qemu-x86_64> -DCPU=<model> -DPROGRAM=<...> "-DARGUMENTS=..." "-DEXPECTED=<regex>" -P run_on.cmake
if(NOT QEMU)
  message(NOTICE "skipped: qemu-x86_64 is not installed (Debian: qemu-user)")
  return()
endif()
separate_arguments(ARGUMENTS)
# What that processor lacks is no gap in the tests of this machine.
unset(ENV{WEFT_STRICT})
set(ENV{WEFT_SKIPPED} /dev/null)
execute_process(COMMAND "${QEMU}" -cpu "${CPU}" "${PROGRAM}" ${ARGUMENTS} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(NOT result EQUAL 0 OR NOT output MATCHES "${EXPECTED}")
  message(FATAL_ERROR "on ${CPU}: exit status ${result}\n${output}")
endif()
