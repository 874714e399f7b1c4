// Attention over keys and values that stay from call to call, in the form in which tiles read them.
#include "attention.h"

#include <vector>

#include "../kernels_table.h"
#include "kernels.h"

namespace ak::AK_ISA {
namespace {

template <class D>
struct Decoding {
    using T = typename D::T;
    using Query = typename Attention<D>::Query;
    static constexpr int depth = D::Cell::depth;

    const ak_kv& kv;
    int64_t layer, runs;
    const ak_kv_run* run;
    int64_t heads;
    const T* qkv;
    float scale;
    const ak_attention_mask& mask;

    int64_t width = kv.head_width, group = heads / kv.kv_heads, row = (heads + 2 * kv.kv_heads) * width;
    Attention<D> head{width, scale, mask.slopes != nullptr, longest()};

    int64_t longest() const {
        int64_t most = 0;
        for (int64_t i = 0; i < runs; ++i) most = std::max(most, run[i].position + run[i].rows);
        return most;
    }

    // [begin, begin + count) of a run, whose first row of qkv is `row`: rows, or queries of a key head (the heads of its first row, then of its next).
    struct Piece {
        const ak_kv_run* run;
        int64_t row, begin, count;
    };

    // Rows of one block each: a thread owns the block, since neighbouring rows share cells.
    std::vector<Piece> rows_by_block() const {
        std::vector<Piece> pieces;
        for (int64_t i = 0, first = 0; i < runs; first += run[i++].rows)
            for (int64_t r = 0, next; r < run[i].rows; r = next) {
                next = std::min(run[i].rows, (run[i].position + r) / ak_kv_block * ak_kv_block + ak_kv_block - run[i].position);
                pieces.push_back({run + i, first, r, next - r});
            }
        return pieces;
    }

    // Tiles of queries; smaller ones where there are fewer than threads.
    std::vector<Piece> tiles() const {
        std::vector<Piece> pieces;
        for (int64_t size = MR;; size = ceil_div(size, 2)) {
            pieces.clear();
            for (int64_t i = 0, first = 0; i < runs; first += run[i++].rows)
                for (int64_t q = 0, count = run[i].rows * group; q < count; q += size) pieces.push_back({run + i, first, q, std::min(size, count - q)});
            if (size == 1 || static_cast<int64_t>(pieces.size()) * kv.kv_heads >= threads()) return pieces;
        }
    }

    float* block(const ak_kv_run& of, int64_t position, int64_t kv_head) const {
        return kv.block(layer, of.blocks[position / ak_kv_block]) + kv_head * (kv.key_floats + kv.value_floats);
    }

    // A key is a lane of its panel's cells.
    void put_key(const T* key, int64_t position, float* block) const {
        const int64_t at = position % ak_kv_block;
        float* to = block + at / NR * NR * head.width_cells + at % NR;
        for (int64_t i = 0; i < width; i += W * depth) {
            float cells[W];
            store(cells, Source<D, T>::along(key + i, width - i));
            for (int64_t c = i / depth; c < std::min(i / depth + W, head.width_cells); ++c) to[c * NR] = cells[c - i / depth];
        }
    }

    // A value is a cell of each panel, or half of one: the other half is 0 until its row comes.
    void put_value(const T* value, int64_t position, float* block) const {
        float* to = block + kv.key_floats + position % ak_kv_block / depth * NR;
        each(width, [&](int64_t i, auto... n) {
            float* cells = to + i / NR * NR * head.block_cells + i % NR;
            vf x = Source<D, T>::down(value + i, nullptr, n...);
            if constexpr (depth == 2)
                if (position % 2 == 1) x = D::Cell::join(load(cells, n...), x);
            store(cells, x, n...);
        });
    }

    void attend(T* out) const {
        const std::vector<Piece> blocks = rows_by_block(), queries = tiles();
        parallel_ranges(static_cast<int64_t>(blocks.size()), 4, [&](int64_t begin, int64_t end, int) {
            for (int64_t i = begin; i < end; ++i)
                for (int64_t r = blocks[i].begin; r < blocks[i].begin + blocks[i].count; ++r)
                    for (int64_t h = 0; h < kv.kv_heads; ++h) {
                        const T* key = qkv + (blocks[i].row + r) * row + (heads + h) * width;
                        const int64_t position = blocks[i].run->position + r;
                        put_key(key, position, block(*blocks[i].run, position, h));
                        put_value(key + kv.kv_heads * width, position, block(*blocks[i].run, position, h));
                    }
        });
        const int64_t floats = head.attend_floats();
        float* memory = scratch(Slot::blocks).floats(floats * threads());
        parallel(static_cast<int64_t>(queries.size()) * kv.kv_heads, [&](int64_t task, int thread) {
            const Piece& piece = queries[task / kv.kv_heads];
            const int64_t kv_head = task % kv.kv_heads;
            Query tile[MR];
            for (int64_t i = 0; i < piece.count; ++i) {
                const int64_t r = (piece.begin + i) / group, h = kv_head * group + (piece.begin + i) % group, position = piece.run->position + r;
                tile[i] = {qkv + (piece.row + r) * row + h * width, out + ((piece.row + r) * heads + h) * width, position, keys_seen(mask, position),
                           mask.slopes ? mask.slopes[h] : 0};
            }
            const float* keys = kv.block(layer, 0) + kv_head * (kv.key_floats + kv.value_floats);
            head.attend(tile, piece.count, {keys, kv.block_floats(), piece.run->blocks}, {keys + kv.key_floats, kv.block_floats(), piece.run->blocks},
                        memory + thread * floats, nullptr, [](int64_t) {});
        });
    }
};

template <class D>
void reserve(ak_kv& kv) {
    const Attention<D> head{kv.head_width, 1, false, 0};
    kv.key_floats = head.score_block;
    kv.value_floats = head.sum_block;
    kv.memory.floats(kv.layers * kv.blocks * kv.block_floats());
}

}  // namespace

void kv_reserve(ak_kv& kv) {
    if (kv.dtype == ak_bf16) reserve<BF16>(kv);
    else reserve<F32>(kv);
}

void kv_attention(const ak_kv& kv, int64_t layer, int64_t runs, const ak_kv_run* run, int64_t heads, const void* qkv, float scale,
                  const ak_attention_mask& mask, void* out) {
    if (kv.dtype == ak_bf16) Decoding<BF16>{kv, layer, runs, run, heads, static_cast<const bf16*>(qkv), scale, mask}.attend(static_cast<bf16*>(out));
    else Decoding<F32>{kv, layer, runs, run, heads, static_cast<const float*>(qkv), scale, mask}.attend(static_cast<float*>(out));
}

}  // namespace ak::AK_ISA
