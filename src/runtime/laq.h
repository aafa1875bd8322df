#ifndef LAQ_H
#define LAQ_H

/* Runs networks from files of `laq export`: packed weights, without LibTorch. docs/shipping.md
 * describes the files.
 *
 * A model is used by one thread at a time; several models may be used side by side. Nothing is
 * printed, nothing is allocated after `laq_open`, and no exception leaves these functions. */

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define LAQ_API __attribute__((visibility("default")))
#else
#define LAQ_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef struct laq_model laq_model;

typedef struct laq_info {
  size_t inputs;                  /* numbers in one input: channels x height x width; of text 1 */
  size_t outputs;                 /* scores: classes, or the characters of the vocabulary */
  size_t channels, height, width; /* of a picture; of text 0 */
  int reads_characters;           /* 1: use laq_read; 0: use laq_run */
  int prepares_pixels;            /* 1: laq_prepare knows what is to be done to pixels */
  size_t weights;                 /* quantized weights */
  size_t packed_bytes;            /* what they take in memory */
  const char* vocabulary;   /* `outputs` characters in their order, not ended by a zero; or NULL */
  const char* metadata;     /* the file's metadata, one JSON object of texts, ended by a zero */
  const char* instructions; /* what the kernels are compiled for: "AVX-512", "AVX2", "portable" */
} laq_info;

enum {
  LAQ_OK = 0,
  LAQ_WRONG_KIND = 1,   /* laq_run of a model that reads characters, or the other way round */
  LAQ_BAD_ARGUMENT = 2, /* a null pointer, or a character that is not in the vocabulary */
  LAQ_FAILED = 3        /* anything else */
};

/* Reads a file. `threads`: how many compute, the caller's among them; at least 1. NULL: it cannot
 * be used, and `error` (of `size` bytes, or NULL) holds one line that says why. */
LAQ_API laq_model* laq_open(const char* file, int threads, char* error, size_t size);
LAQ_API void laq_close(laq_model* model);

/* What it is. The texts live as long as the model. */
LAQ_API laq_info laq_describe(const laq_model* model);

/* Pixels as they were published (rows x channels x height x width, 0 ... 255) to what the network
 * wants (rows x inputs). LAQ_WRONG_KIND unless `prepares_pixels`. */
LAQ_API int laq_prepare(laq_model* model, const uint8_t* pixels, size_t rows, float* prepared);

/* Inputs (rows x inputs, prepared) to scores (rows x outputs). */
LAQ_API int laq_run(laq_model* model, const float* input, size_t rows, float* scores);

/* Reads characters (bytes of the vocabulary) one after the other. `scores` (outputs) are those of
 * the character that follows the last one. The state goes on from call to call ... */
LAQ_API int laq_read(laq_model* model, const uint8_t* characters, size_t count, float* scores);

/* ... and is zero again after this. */
LAQ_API void laq_reset(laq_model* model);

#ifdef __cplusplus
}
#endif

#endif
