#pragma once

/// Marks code that is compiled for a GPU, too: no containers, no exceptions.
#ifdef __CUDACC__
#define LAQ_DEVICE __host__ __device__
#define LAQ_UNROLL _Pragma("unroll")
#define LAQ_UNROLL_4 _Pragma("unroll 4")
#else
#define LAQ_DEVICE
#define LAQ_UNROLL
#define LAQ_UNROLL_4
#endif
