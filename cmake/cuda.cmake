# With a CUDA compiler, also where no GPU is, what is meant for a GPU is compiled.
find_program(LAQ_NVCC nvcc HINTS ENV CUDA_HOME PATHS /usr/local/cuda PATH_SUFFIXES bin)
if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES 80 90)
endif()
if(LAQ_NVCC)
  set(ENV{CUDACXX} ${LAQ_NVCC})
  include(CheckLanguage)
  check_language(CUDA)
endif()
if(CMAKE_CUDA_COMPILER)
  enable_language(CUDA)
  set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)  # CMake 3.25 does not know that of nvcc 13
  set(CMAKE_CUDA_STANDARD 20)
  set(CMAKE_CUDA_RUNTIME_LIBRARY None)  # laq_cuda_kernels() says which
endif()

# A LibTorch with CUDA sets flags and architectures of its own, for kernels that include it. Ours do not.
macro(laq_find_torch)
  set(own_cuda_flags "${CMAKE_CUDA_FLAGS}")
  set(own_cuda_architectures ${CMAKE_CUDA_ARCHITECTURES})
  unset(CMAKE_CUDA_ARCHITECTURES)  # it warns of them
  set(TORCH_CUDA_ARCH_LIST 8.0 9.0)  # else it compiles a program that asks the GPU
  find_package(Torch REQUIRED)
  set(CMAKE_CUDA_FLAGS "${own_cuda_flags}")
  set(CMAKE_CUDA_ARCHITECTURES ${own_cuda_architectures})
endmacro()

# The GPU's part of the kernels, src/kernels/*.cu, as the static library laq_cuda: without LibTorch.
# Without a CUDA compiler there is no such target.
function(laq_cuda_kernels)
  if(NOT CMAKE_CUDA_COMPILER)
    return()
  endif()
  if(NOT TARGET CUDA::cudart)  # a LibTorch with CUDA has found it
    find_package(CUDAToolkit)
  endif()
  set(runtime CUDA::cudart_static)
  if(TARGET torch_cuda)  # which has the shared one; a program has one runtime
    set(runtime CUDA::cudart)
  endif()
  if(NOT TARGET ${runtime})
    message(STATUS "no CUDA runtime beside nvcc: no GPU's kernels")
    return()
  endif()
  file(GLOB sources CONFIGURE_DEPENDS src/kernels/*.cu)
  add_library(laq_cuda STATIC ${sources})
  target_include_directories(laq_cuda PUBLIC ${PROJECT_SOURCE_DIR}/src)
  if(NOT TARGET torch_cuda)  # they can't be run: one architecture shows whether they compile
    set_target_properties(laq_cuda PROPERTIES CUDA_ARCHITECTURES 90)
  endif()
  target_compile_options(laq_cuda PRIVATE -lineinfo --expt-relaxed-constexpr -Werror all-warnings)
  target_link_libraries(laq_cuda PUBLIC ${runtime})
  target_link_libraries(laq_kernels PUBLIC laq_cuda)
endfunction()
