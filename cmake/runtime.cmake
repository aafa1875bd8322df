# The runtime of exported networks, as a static and as a shared library. It stands alone: no other folder of src/,
# nothing but the standard library and a JSON reader.
file(GLOB runtime_sources CONFIGURE_DEPENDS src/runtime/*.cpp)
if(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  list(FILTER runtime_sources EXCLUDE REGEX "kernels_avx")
endif()
add_library(laq_runtime_objects OBJECT ${runtime_sources})
laq_own_code(laq_runtime_objects)
set_target_properties(laq_runtime_objects PROPERTIES POSITION_INDEPENDENT_CODE ON
                      CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
target_include_directories(laq_runtime_objects PRIVATE ${PROJECT_SOURCE_DIR}/src)
target_link_libraries(laq_runtime_objects PRIVATE nlohmann_json::nlohmann_json)
target_compile_options(laq_runtime_objects PRIVATE -ffp-contract=fast)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  target_compile_definitions(laq_runtime_objects PRIVATE LAQ_X86_KERNELS)
  set_source_files_properties(src/runtime/kernels_avx2.cpp PROPERTIES COMPILE_OPTIONS "-mavx2;-mfma")
  set_source_files_properties(src/runtime/kernels_avx512.cpp PROPERTIES COMPILE_OPTIONS
                              "-mavx2;-mfma;-mavx512f;-mavx512bw;-mavx512vl;-mavx512dq;-mprefer-vector-width=512;-Wno-maybe-uninitialized")  # GCC bug 105593
endif()

find_package(Threads REQUIRED)
add_library(laq_runtime STATIC)
add_library(laq_runtime_shared SHARED)
set_target_properties(laq_runtime_shared PROPERTIES OUTPUT_NAME laq_runtime)
foreach(library laq_runtime laq_runtime_shared)
  target_link_libraries(${library} PRIVATE laq_runtime_objects PUBLIC Threads::Threads)
  target_include_directories(${library} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  laq_own_code(${library})
endforeach()
