// Which keys a row of attention sees.
#pragma once
#include <algorithm>

#include "kernels.h"
#include "runtime.h"

namespace ak {

// Positions of keys: [0, sinks) and [begin, end), of these only those from `first` on.
struct Keys {
    int64_t sinks, begin, end, first = 0;

    // The first position at or after `key`; beyond the end if there is none.
    int64_t from(int64_t key) const { return key < sinks ? key : std::max(key, begin); }
    int64_t start() const { return from(first); }
    bool is_empty() const { return start() >= end; }
    Keys within(int64_t from_key, int64_t to_key) const { return {sinks, begin, std::min(end, to_key), from_key}; }
};

// What the row at a position sees, in a text whose first `prefix` rows see each other.
inline Keys keys_seen(const ak_attention_mask& mask, int64_t position, int64_t prefix = 0) {
    const int64_t begin = mask.window > 0 ? std::max<int64_t>(0, position + 1 - mask.window) : 0, end = std::max(position + 1, prefix);
    return begin > mask.sinks ? Keys{mask.sinks, begin, end} : Keys{0, 0, end};
}

// All that consecutive rows see, of which these are the first and the last; `unit` > 1: all of so many neighbours of which one is seen, up to the last key.
inline Keys keys_seen_by(const Keys& first, const Keys& last, int64_t unit = 1) {
    const int64_t sinks = round_up(last.sinks, unit), begin = first.begin / unit * unit;
    return sinks < begin ? Keys{sinks, begin, last.end} : Keys{0, 0, last.end};
}
inline Keys blocks_seen(const Keys& first, const Keys& last) { return keys_seen_by(first, last, ak_kv_block); }

}  // namespace ak
