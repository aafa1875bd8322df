# What our own code is compiled with. Dependencies are imported targets, so their headers are SYSTEM.
function(laq_own_code target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wconversion -Wshadow -Werror)
  if(LAQ_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=address,undefined -fno-sanitize-recover=all
                                             -fno-omit-frame-pointer)
    target_link_options(${target} PRIVATE -fsanitize=address,undefined)
    target_compile_definitions(${target} PRIVATE LAQ_SANITIZE)
  endif()
endfunction()

# One folder of src/ (or FOLDER) as the static library laq_<name>. LINK is what its headers need too,
# PRIVATE what only its sources need; TORCH precompiles LibTorch's headers, which are slow to read.
function(laq_layer name)
  cmake_parse_arguments(layer "TORCH" "FOLDER" "LINK;PRIVATE" ${ARGN})
  if(NOT layer_FOLDER)
    set(layer_FOLDER src/${name})
  endif()
  file(GLOB sources CONFIGURE_DEPENDS ${layer_FOLDER}/*.cpp)
  add_library(laq_${name} STATIC ${sources})
  target_include_directories(laq_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR})
  target_link_libraries(laq_${name} PUBLIC ${layer_LINK} PRIVATE ${layer_PRIVATE})
  laq_own_code(laq_${name})
  if(layer_TORCH)
    target_link_libraries(laq_${name} PUBLIC torch)
    target_precompile_headers(laq_${name} PRIVATE <torch/nn.h>)
  endif()
endfunction()
