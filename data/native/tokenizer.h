// The C interface that ActorTrain.Data calls. Text is UTF-8 with an explicit length and no terminating zero.
// A function that can fail returns null or a negative number and writes a zero-terminated sentence into `error`.
#pragma once

#include <cstdint>

#define ACTORTRAIN_API extern "C" __attribute__((visibility("default")))

// Gives the next training sentence: 1 and the sentence (valid until the next call), 0 at the end, -1 to stop with an error.
typedef int32_t (*actortrain_next_sentence)(void* context, const char** text, int64_t* length);

enum actortrain_piece_kind : int32_t { PIECE_TEXT = 0, PIECE_UNKNOWN = 1, PIECE_CONTROL = 2, PIECE_BYTE = 3, PIECE_UNUSED = 4 };

// Trains a model with SentencePiece's options, one `name=value` per line. Gives the serialised model, to be freed with actortrain_free.
ACTORTRAIN_API char* actortrain_train(const char* options, actortrain_next_sentence next, void* context, int64_t* length,
                                      char* error, int32_t error_capacity);
ACTORTRAIN_API void actortrain_free(char* model);

// Opens a serialised model; safe to use from many threads at once. Closed with actortrain_close.
ACTORTRAIN_API void* actortrain_open(const char* model, int64_t length, char* error, int32_t error_capacity);
ACTORTRAIN_API void actortrain_close(void* processor);

ACTORTRAIN_API int32_t actortrain_size(const void* processor);

// The kind, the text and the score of a piece; the text lives as long as the processor.
ACTORTRAIN_API int32_t actortrain_piece(const void* processor, int32_t id, const char** text, int64_t* length, float* score);

// Encodes a text. Gives the number of ids; where it exceeds `capacity`, nothing was written and the call must be repeated. -1: error.
ACTORTRAIN_API int64_t actortrain_encode(const void* processor, const char* text, int64_t length, int32_t* ids, int64_t capacity,
                                         char* error, int32_t error_capacity);
