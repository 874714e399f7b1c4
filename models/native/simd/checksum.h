// Checksums of vectors that lie in memory, taken from registers while they are streamed anyway.
//
// The 32-bit words of a block are added modulo 2^32 in eight lanes, word i in lane i mod 8: any one flipped bit changes its lane by a power of two,
// which no sum hides, and integers may be added in any order, by any thread. The lanes are then folded to 64 bits; each step of that is a bijection
// of what came before, so a change of one lane always shows.
#pragma once
#include <cstdint>

#include "vector.h"

namespace ak::AK_ISA {

constexpr int checksum_lanes = 8;

struct LaneSums {
    uint32_t lanes[checksum_lanes] = {};

    void add(const LaneSums& other) {
        for (int l = 0; l < checksum_lanes; ++l) lanes[l] += other.lanes[l];
    }
    uint64_t fold() const {
        uint64_t hash = 0;
        for (uint32_t lane : lanes) {
            hash ^= lane;
            hash = (hash ^ (hash >> 32)) * 0xD6E8FEB86659FD93u;
            hash = (hash ^ (hash >> 29)) * 0x9E3779B97F4A7C15u;
            hash ^= hash >> 32;
        }
        return hash;
    }
};

// Of a run of words that begins at a multiple of the lanes within its block.
struct Checksum {
    vi sums = bits(set(0));

    void add(vf x) { sums = plus(sums, bits(x)); }
    LaneSums lanes() const {
        uint32_t all[W];
        store(all, sums);
        LaneSums folded;
        for (int l = 0; l < W; ++l) folded.lanes[l % checksum_lanes] += all[l];
        return folded;
    }
};

}  // namespace ak::AK_ISA
