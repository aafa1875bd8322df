# The build does not see LibTorch's copies of other libraries' headers (cmake/own_headers.cmake). LibTorch gets a folder of
# unusable ones; the project is configured with that; the preprocessor must pass, and without our folder must fail.
#   cmake -D SOURCES=… -D FOLDER=… -D TORCH=… -D GENERATOR=… -D COMPILER=… -D PREFIXES=… -P copied_headers.cmake
file(REMOVE_RECURSE ${FOLDER})
foreach(header fmt/format.h fmt/ranges.h nlohmann/json.hpp oneapi/dnnl/dnnl.hpp onnx/onnx_pb.h google/protobuf/message.h)
  file(WRITE ${FOLDER}/copies/${header} "#error LibTorch's copy\n")
endforeach()
file(WRITE ${FOLDER}/Torch/TorchConfig.cmake "
include(${TORCH}/TorchConfig.cmake)
list(PREPEND TORCH_INCLUDE_DIRS ${FOLDER}/copies)
set_property(TARGET torch PROPERTY INTERFACE_INCLUDE_DIRECTORIES \${TORCH_INCLUDE_DIRS})
")
execute_process(
  COMMAND ${CMAKE_COMMAND} -S ${SOURCES} -B ${FOLDER}/build -G ${GENERATOR} -D Torch_DIR=${FOLDER}/Torch
          -D CMAKE_CXX_COMPILER=${COMPILER} "-DCMAKE_PREFIX_PATH=${PREFIXES}" -D LAQ_BENCH=OFF -D LAQ_NVCC=OFF
  OUTPUT_VARIABLE said ERROR_VARIABLE said RESULT_VARIABLE status)
if(status)
  message(FATAL_ERROR "${said}")
endif()

function(preprocess command status_variable said_variable)
  string(REGEX REPLACE " -o [^ ]+ -c " " -E -o /dev/null " command "${command}")
  execute_process(COMMAND sh -c "${command}" OUTPUT_VARIABLE said ERROR_VARIABLE said RESULT_VARIABLE status)
  set(${status_variable} "${status}" PARENT_SCOPE)
  set(${said_variable} "${said}" PARENT_SCOPE)
endfunction()

file(READ ${FOLDER}/build/compile_commands.json commands)
string(JSON count LENGTH "${commands}")
math(EXPR last "${count} - 1")
set(seen 0)
foreach(i RANGE ${last})
  string(JSON source GET "${commands}" ${i} file)
  # fmt; oneDNN; ONNX and protobuf; JSON
  if(source MATCHES "src/(nn/plan_layers|nn/packed_product|deploy/onnx|deploy/export)\\.cpp$")
    math(EXPR seen "${seen} + 1")
    string(JSON command GET "${commands}" ${i} command)
    string(REGEX REPLACE "-include [^ ]*cmake_pch\\.hxx" "" command "${command}")
    preprocess("${command}" status said)
    if(status)
      message(FATAL_ERROR "${source}:\n${said}")
    endif()
    string(REPLACE "-isystem ${FOLDER}/build/own_headers" "" without "${command}")
    preprocess("${without}" status said)
    if(NOT status OR NOT said MATCHES "LibTorch's copy")
      message(FATAL_ERROR "${source} does not come across the copies: this test shows nothing\n${said}")
    endif()
  endif()
endforeach()
if(NOT seen EQUAL 4)
  message(FATAL_ERROR "${seen} of 4 files are compiled")
endif()
