#pragma once

/// Marks code that is compiled for a GPU, too: no containers, no exceptions.
#ifdef __CUDACC__
#define LAQ_DEVICE __host__ __device__
#else
#define LAQ_DEVICE
#endif
