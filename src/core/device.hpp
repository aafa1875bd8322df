#pragma once

/// Marks code that is compiled for a GPU, too: no containers, no exceptions.
#ifdef __CUDACC__
#define LAQ_DEVICE __host__ __device__
#define LAQ_UNROLL _Pragma("unroll")
#define LAQ_UNROLL_4 _Pragma("unroll 4")
/// A function of its own: code that runs once in a kernel is fetched from memory as it comes.
#define LAQ_OUTLINE __noinline__
#else
#define LAQ_DEVICE
#define LAQ_UNROLL
#define LAQ_UNROLL_4
#define LAQ_OUTLINE
#endif
