# cmake -DSOURCE_DIR=... -DINPUT=... -DOUTPUT=... -DLANDSCAPE_VERSION=... -P version.cmake: writes the version header
# anew where the git revision has changed. Without git, or outside a checkout, the revision is empty.
set(LANDSCAPE_GIT_REVISION "")
if(EXISTS "${SOURCE_DIR}/.git")
  find_program(GIT_EXECUTABLE git)
  if(GIT_EXECUTABLE)
    execute_process(COMMAND "${GIT_EXECUTABLE}" describe --always --dirty --tags WORKING_DIRECTORY "${SOURCE_DIR}"
      OUTPUT_VARIABLE LANDSCAPE_GIT_REVISION OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  endif()
endif()
configure_file("${INPUT}" "${OUTPUT}" @ONLY)
