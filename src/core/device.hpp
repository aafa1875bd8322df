#pragma once

/// Marks code that is compiled for a GPU, too: no containers, no exceptions.
#ifdef __CUDACC__
#define LAQ_DEVICE __host__ __device__
#define LAQ_UNROLL _Pragma("unroll")
#define LAQ_UNROLL_4 _Pragma("unroll 4")
/// Stays a function on a GPU: else its code stands wherever it is called.
#define LAQ_OUTLINE __noinline__
#else
#define LAQ_DEVICE
#define LAQ_UNROLL
#define LAQ_UNROLL_4
#define LAQ_OUTLINE
#endif
