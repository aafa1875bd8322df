# What our own code is compiled with. Dependencies are imported targets, so their headers are SYSTEM.
function(laq_own_code target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wconversion -Wshadow)
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # Warnings are errors with Debian 12's compiler; every newer one has new ones, some of them wrong.
    # This one warns wrongly of overlaps in std::string's operator+ (GCC bug 105651).
    target_compile_options(${target} PRIVATE -Werror -Wno-restrict)
  endif()
  if(LAQ_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=address,undefined -fno-sanitize-recover=all
                                             -fno-omit-frame-pointer
                                             -Wno-maybe-uninitialized)  # wrong with sanitizers
    target_link_options(${target} PRIVATE -fsanitize=address,undefined)
    target_compile_definitions(${target} PRIVATE LAQ_SANITIZE)
  endif()
  if(LAQ_FUZZ)
    target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
  endif()
endfunction()

# LibTorch's headers take long to read: compiled once, for the targets that include them. To load them
# takes 2 s, so a file without them is better off without the precompiled ones.
set(LAQ_TORCH_HEADERS <ATen/ATen.h> <torch/nn/modules/batchnorm.h> <torch/nn/modules/linear.h>)
function(laq_torch_headers)
  file(WRITE ${PROJECT_BINARY_DIR}/torch_headers.cpp "")
  add_library(laq_torch_headers OBJECT ${PROJECT_BINARY_DIR}/torch_headers.cpp)
  target_link_libraries(laq_torch_headers PUBLIC torch OpenMP::OpenMP_CXX fmt::fmt)
  target_precompile_headers(laq_torch_headers PRIVATE ${LAQ_TORCH_HEADERS})
  laq_own_code(laq_torch_headers)
endfunction()

# What files without LibTorch spend most of their time with.
set(LAQ_PLAIN_HEADERS <algorithm> <filesystem> <functional> <map> <optional> <set> <span> <string> <vector>
                      <fmt/format.h> <nlohmann/json.hpp>)

# One folder of src/ (or FOLDER), subfolders included, as the static library laq_<name>. LINK is what its headers need too,
# PRIVATE what only its sources need; TORCH is for layers that include LibTorch's headers, all files but those that match
# PLAIN; JSON for those most of whose files include LAQ_PLAIN_HEADERS.
function(laq_layer name)
  cmake_parse_arguments(layer "TORCH;JSON" "FOLDER;PLAIN" "LINK;PRIVATE" ${ARGN})
  if(NOT layer_FOLDER)
    set(layer_FOLDER src/${name})
  endif()
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${layer_FOLDER}/*.cpp)
  add_library(laq_${name} STATIC ${sources})
  target_include_directories(laq_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR})
  target_link_libraries(laq_${name} PUBLIC ${layer_LINK} PRIVATE ${layer_PRIVATE})
  laq_own_code(laq_${name})
  if(layer_TORCH)
    target_link_libraries(laq_${name} PUBLIC torch)
    target_precompile_headers(laq_${name} REUSE_FROM laq_torch_headers)
    if(layer_PLAIN)
      list(FILTER sources INCLUDE REGEX "/(${layer_PLAIN})\\.cpp$")
      set_source_files_properties(${sources} PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
    endif()
  elseif(layer_JSON)
    target_precompile_headers(laq_${name} PRIVATE ${LAQ_PLAIN_HEADERS})
  endif()
endfunction()
