#include "tokenizer.h"

#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <sstream>
#include <string>
#include <unordered_map>
#include <vector>

namespace {

using sentencepiece::SentencePieceProcessor;

void tell(const std::string& sentence, char* error, int32_t capacity) {
    const auto length = std::min<size_t>(sentence.size(), static_cast<size_t>(capacity) - 1);
    std::memcpy(error, sentence.data(), length);
    error[length] = '\0';
}

// The trainer pulls sentences; so nothing but its own copy of them is held.
class Sentences final : public sentencepiece::SentenceIterator {
public:
    Sentences(actortrain_next_sentence next, void* context) : next_(next), context_(context) { Next(); }

    bool done() const override { return answer_ != 1; }
    const std::string& value() const override { return value_; }

    void Next() override {
        const char* text = nullptr;
        int64_t length = 0;
        answer_ = next_(context_, &text, &length);
        if (answer_ == 1) value_.assign(text, static_cast<size_t>(length));
    }

    sentencepiece::util::Status status() const override {
        using namespace sentencepiece::util;
        return answer_ < 0 ? Status(StatusCode::kCancelled, "the sentences stopped") : Status();
    }

private:
    actortrain_next_sentence next_;
    void* context_;
    std::string value_;
    int32_t answer_ = 0;
};

std::unordered_map<std::string, std::string> parsed(const char* options) {
    std::unordered_map<std::string, std::string> values;
    std::istringstream lines(options);
    for (std::string line; std::getline(lines, line);) {
        const auto equals = line.find('=');
        values[line.substr(0, equals)] = equals == std::string::npos ? "" : line.substr(equals + 1);
    }
    return values;
}

const SentencePieceProcessor& of(const void* processor) { return *static_cast<const SentencePieceProcessor*>(processor); }

}  // namespace

// Exceptions must not cross into the caller's runtime: each entry that can meet one turns it into a sentence.

char* actortrain_train(const char* options, actortrain_next_sentence next, void* context, int64_t* length, char* error,
                       int32_t error_capacity) {
    try {
        Sentences sentences(next, context);
        std::string model;
        const auto status = sentencepiece::SentencePieceTrainer::Train(parsed(options), &sentences, &model);
        if (!status.ok()) {
            tell(status.ToString(), error, error_capacity);
            return nullptr;
        }
        auto* copy = static_cast<char*>(std::malloc(model.size()));
        if (copy == nullptr) {
            tell("out of memory", error, error_capacity);
            return nullptr;
        }
        std::memcpy(copy, model.data(), model.size());
        *length = static_cast<int64_t>(model.size());
        return copy;
    } catch (const std::exception& e) {
        tell(e.what(), error, error_capacity);
        return nullptr;
    }
}

void actortrain_free(char* model) { std::free(model); }

void* actortrain_open(const char* model, int64_t length, char* error, int32_t error_capacity) {
    try {
        auto processor = std::make_unique<SentencePieceProcessor>();
        const auto status = processor->LoadFromSerializedProto({model, static_cast<size_t>(length)});
        if (!status.ok()) {
            tell(status.ToString(), error, error_capacity);
            return nullptr;
        }
        return processor.release();
    } catch (const std::exception& e) {
        tell(e.what(), error, error_capacity);
        return nullptr;
    }
}

void actortrain_close(void* processor) { delete static_cast<SentencePieceProcessor*>(processor); }

int32_t actortrain_size(const void* processor) { return of(processor).GetPieceSize(); }

int32_t actortrain_piece(const void* processor, int32_t id, const char** text, int64_t* length, float* score) {
    const auto& pieces = of(processor);
    const auto& piece = pieces.IdToPiece(id);
    *text = piece.data();
    *length = static_cast<int64_t>(piece.size());
    *score = pieces.GetScore(id);
    if (pieces.IsByte(id)) return PIECE_BYTE;
    if (pieces.IsUnknown(id)) return PIECE_UNKNOWN;
    if (pieces.IsControl(id)) return PIECE_CONTROL;
    return pieces.IsUnused(id) ? PIECE_UNUSED : PIECE_TEXT;
}

int64_t actortrain_encode(const void* processor, const char* text, int64_t length, int32_t* ids, int64_t capacity, char* error,
                          int32_t error_capacity) {
    try {
        thread_local std::vector<int> encoded;
        const auto status = of(processor).Encode({text, static_cast<size_t>(length)}, &encoded);
        if (!status.ok()) {
            tell(status.ToString(), error, error_capacity);
            return -1;
        }
        const auto count = static_cast<int64_t>(encoded.size());
        if (count <= capacity) std::copy(encoded.begin(), encoded.end(), ids);
        return count;
    } catch (const std::exception& e) {
        tell(e.what(), error, error_capacity);
        return -1;
    }
}
