# The installation test: install, then configure, build and run the consumer against the result.
# Expects the variables that tests/CMakeLists.txt passes.

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "failed (${result}): ${command}")
  endif()
endfunction()

set(prefix "${work_dir}/prefix")
set(consumer_build_dir "${work_dir}/build")
file(REMOVE_RECURSE "${work_dir}")

run("${CMAKE_COMMAND}" --install "${build_dir}" --prefix "${prefix}" --config "${config}")
run("${CMAKE_COMMAND}" -S "${consumer_dir}" -B "${consumer_build_dir}" -G "${generator}"
  "-DCMAKE_CXX_COMPILER=${compiler}" "-DCMAKE_CXX_FLAGS=${flags}" "-DCMAKE_BUILD_TYPE=${config}"
  "-DCMAKE_TOOLCHAIN_FILE=${toolchain_file}"
  "-DCMAKE_PREFIX_PATH=${prefix}" "-Dnewton_expected_version=${version}"
  # Windows finds a DLL beside the program or on PATH.
  "-Dnewton_runtime_dir=${prefix}/bin")
run("${CMAKE_COMMAND}" --build "${consumer_build_dir}" --config "${config}")
run("${CMAKE_COMMAND}" --build "${consumer_build_dir}" --config "${config}" --target check)
