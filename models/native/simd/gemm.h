// Matrix products in parallel over packed operands.
#pragma once
#include <algorithm>

#include "ends.h"
#include "reduction.h"

namespace ak::AK_ISA {

constexpr int64_t strip = 64;  // rows of a matrix whose lines stay in the L1 cache while narrow columns are taken from them

// B, packed: panels of NR columns, each [cells][NR], zero-padded.
inline int64_t panel_floats(int64_t cells) { return cells * NR; }
inline int64_t packed_floats(int64_t depth_count, int64_t columns, int depth) { return ceil_div(columns, NR) * panel_floats(ceil_div(depth_count, depth)); }

// A as the product finds it in memory. pack: rows [row, row + rows) of A, elements [k, k + count) of the summed dimension, to [cells][MR]. coming: the
// lines in which these lie. Where the columns are split, several threads pack the same.
template <class D, class T>
struct RowMajor {  // [M, K]
    const T* a;
    int64_t ld;
    void pack(int64_t row, int64_t rows, int64_t k, int64_t count, float* to, bool /*is_first_time*/) const {
        pack_along<D, T>(a + row * ld + k, ld, rows, count, to, MR);
    }

    bool is_of_cells() const { return sizeof(T) * D::Cell::depth == sizeof(float) && ld % D::Cell::depth == 0; }

    // A tile can read rows in place when their elements already are whole cells, unless half of its rows or more fall on each other in the L1 cache, a multiple
    // of 4 KB apart: of few rows, if all do.
    bool in_place() const { return is_of_cells() && ld * sizeof(T) % (MR < 8 ? 4096 : 2048) != 0; }
    Coming coming(int64_t row, int64_t rows, int64_t k) const {
        constexpr int64_t group_bytes = cell_group * D::Cell::depth * sizeof(T);
        return {reinterpret_cast<const char*>(a + row * ld + k), INT64_MAX, 64 / group_bytes, 64, rows, ld * static_cast<int64_t>(sizeof(T))};
    }
    RowsA rows_at(int64_t row, int64_t k) const { return {reinterpret_cast<const float*>(a + row * ld + k), ld / D::Cell::depth}; }

    // The first rows, whole, as cells in [rows][round_up(cells, W)].
    RowsA copied(int64_t rows, int64_t count, float* to) const {
        const int64_t to_ld = round_up(ceil_div(count, D::Cell::depth), W);
        for (int64_t r = 0; r < rows; ++r)
            for (int64_t k = 0; k < count; k += W * D::Cell::depth)
                store(to + r * to_ld + k / D::Cell::depth, Source<D, T>::along(a + r * ld + k, count - k));
        return {to, to_ld};
    }
};
template <class D, class T>
struct ColumnMajor {  // [K, M]
    const T* a;
    int64_t ld;
    float* totals;  // [M] or null: what the sums along K are added to, those of `reduction_block` elements one after the other

    void pack(int64_t row, int64_t rows, int64_t k, int64_t count, float* to, bool is_first_time) const {
        pack_down<D, T>(a + k * ld + row, ld, rows, count, to, MR);
        if (!totals || !is_first_time) return;
        constexpr int64_t block = reduction_block / D::Cell::depth;
        vf total = load(totals + row, rows);
        for (int64_t c = 0, cells = ceil_div(count, D::Cell::depth); c < cells; c += block) {
            vf sum = set(0);
            for (int64_t i = c, end = std::min(c + block, cells); i < end; ++i) sum = D::Cell::add(load(to + i * MR, rows), sum);
            total = total + sum;
        }
        store(totals + row, total, rows);
    }
    Coming coming(int64_t row, int64_t rows, int64_t k) const {  // by their last bytes: the tile before has read what is left of them
        constexpr int64_t group = cell_group * D::Cell::depth;
        const int64_t row_bytes = ld * sizeof(T);
        return {reinterpret_cast<const char*>(a + k * ld + row + rows) - 1, INT64_MAX, 1, group * row_bytes, group, row_bytes};
    }
    static bool is_of_cells() { return false; }
    static bool in_place() { return false; }
    static RowsA rows_at(int64_t, int64_t) { return {}; }
};

// B as the product finds it: packed for whole and beforehand,
template <class D>
struct PackedB {
    static constexpr bool is_packed = true;
    const float* panels;
    int64_t cells;
    const float* panel(int64_t p, int64_t c) const { return panels + p * panel_floats(cells) + c * NR; }
};
// or a matrix [K, N], of which every thread packs the panel that it is about to use; the first tile of its block does so while it multiplies.
template <class D, class T>
struct UnpackedB {
    static constexpr bool is_packed = false;
    const T* b;
    int64_t ld;
    const T* at(int64_t k, int64_t column) const { return b + k * ld + column; }
    // The lines that tile t of `tiles` asks for of a panel that is made after them.
    Coming coming(int64_t k, int64_t column, int64_t rows, int64_t t, int64_t tiles) const {
        const int64_t groups = ceil_div(rows, D::Cell::depth) / cell_group, each = ceil_div(rows, tiles), every = std::max<int64_t>(1, groups / each);
        const int64_t row_bytes = ld * static_cast<int64_t>(sizeof(T)), lines = NR * static_cast<int64_t>(sizeof(T)) / 64;
        return {reinterpret_cast<const char*>(at(k + t * each, column)) + 63, each * every, every, row_bytes, lines, 64};
    }
    PanelInTheMaking<D, T> in_the_making(int64_t k, int64_t column, float* panel) const { return {at(k, column), ld, panel}; }
};

struct Range {
    int64_t begin, end;
    int64_t count() const { return end - begin; }
    Range share(int64_t i, int64_t of) const { return {begin + count() * i / of, begin + count() * (i + 1) / of}; }  // equal to within one
};

// How a product is cut: the rows of A into blocks, B into `splits` ranges of panels, the summed dimension into parts. No cut changes a bit.
struct Cuts {
    int64_t panels, cells, part, blocks = 0, splits = 0, largest_block = 0;

    Cuts(int64_t M, int64_t N, int64_t cells, int64_t part, bool packs_a, bool packs_b) : panels(ceil_div(N, NR)), cells(cells), part(part) {
        // There are at least three pieces of work per thread, so that a thread that the system interrupts is helped out by the others. Of the cuts that give
        // this, the one whose last piece is done first: pieces are equal to the row, a narrow tile takes longer than its share (it waits for B), and packing A
        // takes about as long as one panel.
        const int64_t tiles = ceil_div(M, MR), pieces = threads() == 1 ? 1 : 3 * threads();
        const int64_t fewest = ceil_div(tiles, most_tiles(part, part < cells, packs_b));
        int64_t least = INT64_MAX;
        for (int64_t b = fewest; b <= std::min(tiles, fewest + pieces); ++b) {
            const int64_t s = std::clamp<int64_t>(ceil_div(pieces, b), 1, panels), rows = ceil_div(M, b), rest = rows % MR;
            const int64_t per_panel = rows - rest + (rest > 0 ? std::max<int64_t>(rest, MR / 3) : 0);
            const int64_t time = ceil_div(b * s, threads()) * per_panel * (ceil_div(panels, s) + packs_a);
            if (time >= least) continue;
            least = time, blocks = b, splits = s, largest_block = ceil_div(rows, MR);
        }
    }

private:
    // Of a block of A, which stays in the L2 cache and may fill half of it. Where every block makes B anew, in many parts, a quarter was found to be best; but tiles
    // of few rows use a panel for a short time only, so there the more of them the better.
    static int64_t most_tiles(int64_t part, bool has_parts, bool packs_b) {
        constexpr bool are_narrow = MR < 8;
        const int64_t share = packs_b && has_parts ? (are_narrow ? 1 : 4) : 2;
        return std::clamp<int64_t>(l2_floats() / share / part / MR, 1, packs_b && are_narrow ? 64 : 12);
    }
};

// How the summed dimension of K elements is cut: into lanes, each a chain of its own, and into parts of whole lanes or, of a single lane, of cells.
struct Sum {
    int64_t lanes, lane_depth, lane_cells, part_lanes, part_cells;

    // Where B is packed on the way, parts are short, so that a block has many tiles to use a panel and to ask for the next. Of several lanes there are at
    // most two parts, the halves of their tree: the second is added to what the first has left in y.
    Sum(int64_t K, int64_t lanes, int64_t depth, bool packs_b)
        : lanes(lanes), lane_depth(K / lanes), lane_cells(ceil_div(lane_depth, depth)), part_lanes(lanes) {
        if (lanes == 1) part_cells = longest_part(lane_cells, packs_b ? 512 : 1024);
        else {
            if (cells() > 1024) part_lanes = lanes / 2;
            part_cells = part_lanes * lane_cells;
        }
    }
    int64_t cells() const { return lanes * lane_cells; }

private:
    static int64_t longest_part(int64_t cells, int64_t most) {
        return cells <= most ? cells : round_up(ceil_div(cells, ceil_div(cells, most)), reduction_block);
    }
};

// y = A·B of a few rows. Panels stream past, so there is nothing else to do for the caches.
template <class D, int Rows>
void product_of_few(int64_t N, int64_t cells, const RowsA& a, const PackedB<D>& b, const Output& out) {
    constexpr int64_t abreast = panels_abreast<Rows>;
    const int64_t panels = ceil_div(N, NR);
    parallel(ceil_div(panels, abreast), [&](int64_t task, int) {
        const int64_t first = task * abreast;
        with_panels<Rows>(panels - first, [&](auto count) {
            Sums<Rows> sums[count];
            const float* from[count];
            const auto corner = [&](int i) { return Corner{out, 0, (first + i) * NR, N - (first + i) * NR}; };
            for (int i = 0; i < count; ++i) {
                from[i] = b.panel(first + i, 0);
                Begin{corner(i), nullptr, 0, out.add ? Begin::from_y : Begin::zero, {}, {}, {}}.template operator()<Rows>(sums[i]);
            }
            multiply_abreast<typename D::Cell>(cells, a, from, sums);
            for (int i = 0; i < count; ++i) Finish{corner(i), nullptr, 0, false, nullptr}.template operator()<Rows>(sums[i]);
        });
    });
}

// y [M, N] = A·B. A block of A is packed, tile by tile, by the thread that multiplies it and stays in its L2 cache while the panels of B pass by;
// each tile asks for the part of A and B that is to be packed after it. Between parts of the summed dimension the sums rest in memory as float32:
// in y itself where that is float32 and nothing is added, else in `partial`. Sums over several lanes are those of the lanes, added along their tree.
template <class D, class A, class B>
void product(int64_t M, int64_t N, int64_t K, const A& a, const B& b, const Output& out, int64_t lanes = 1) {
    using Cell = typename D::Cell;
    if constexpr (B::is_packed)
        if (M <= 2 && lanes == 1) {
            const int64_t cells = ceil_div(K, Cell::depth);
            const RowsA rows = a.is_of_cells() ? a.rows_at(0, 0) : a.copied(M, K, scratch(Slot::blocks).floats(M * round_up(cells, W)));
            return M == 1 ? product_of_few<D, 1>(N, cells, rows, b, out) : product_of_few<D, 2>(N, cells, rows, b, out);
        }
    const bool in_place = a.in_place(), rests_in_y = out.is_plain();
    const Sum sum(K, lanes, Cell::depth, !B::is_packed);
    const Cuts cuts(M, N, sum.cells(), sum.part_cells, !in_place, !B::is_packed);
    const int64_t partial_ld = cuts.panels * NR;
    const int64_t a_floats = in_place ? 0 : round_up(cuts.largest_block * MR * cuts.part, W), b_floats = B::is_packed ? 0 : cuts.part * NR;
    const int64_t rest_floats = cuts.part < cuts.cells && !rests_in_y ? cuts.largest_block * MR * partial_ld : 0;
    const int64_t lane_floats = lanes == 1 ? 0 : (max_lane_levels + 1) * MR * NR;
    const int64_t floats = a_floats + b_floats + rest_floats + lane_floats + W;
    float* memory = scratch(Slot::blocks).floats(floats * threads());

    parallel(cuts.blocks * cuts.splits, [&](int64_t task, int thread) {
        float *packed = memory + thread * floats, *own_panel = packed + a_floats, *partial = own_panel + b_floats, *waiting = partial + rest_floats;
        const Range block = Range{0, M}.share(task / cuts.splits, cuts.blocks), panels = Range{0, cuts.panels}.share(task % cuts.splits, cuts.splits);
        const int64_t tiles = ceil_div(block.count(), MR);
        for (int64_t c = 0; c < cuts.cells; c += cuts.part) {
            // Chains of a part: its lanes, or the one that it continues.
            const int64_t now = std::min(cuts.part, cuts.cells - c), chains = lanes == 1 ? 1 : sum.part_lanes, chain_cells = now / chains;
            const int64_t first_lane = lanes == 1 ? 0 : c / sum.lane_cells, k = lanes == 1 ? c * Cell::depth : first_lane * sum.lane_depth;
            const int64_t k_end = lanes == 1 ? std::min(k + now * Cell::depth, K) : k + chains * sum.lane_depth, chain_depth = (k_end - k) / chains;
            const bool is_first = c == 0, is_last = c + now == cuts.cells, touches_y = is_last || rests_in_y;
            for (int64_t p = panels.begin; p < panels.end; ++p) {
                const int64_t column = p * NR, left = N - column;
                bool first_tile_packs = false;
                if constexpr (!B::is_packed) {  // whole cells of whole vectors
                    first_tile_packs = left >= NR && chain_depth == chain_cells * Cell::depth;
                    for (int64_t i = 0; !first_tile_packs && i < chains; ++i)
                        pack_down<D>(b.at(k + i * chain_depth, column), b.ld, std::min<int64_t>(NR, left), chain_depth, own_panel + i * chain_cells * NR, NR);
                }
                const bool is_first_panel = p == panels.begin, is_last_panel = p + 1 == panels.end;
                for (int64_t t = 0; t < tiles; ++t) {
                    const Range rows = block.share(t, tiles);
                    const bool is_bottom = t + 1 == tiles;
                    const Range next_rows = block.share(is_bottom ? 0 : t + 1, tiles);
                    float* const own_a = packed + t * MR * cuts.part;
                    for (int64_t i = 0; !in_place && is_first_panel && i < chains; ++i)
                        a.pack(rows.begin, rows.count(), k + i * chain_depth, chain_depth, own_a + i * chain_cells * MR, panels.begin == 0);

                    NextTile next;
                    Coming coming_a, coming_b;
                    if (touches_y && !(is_bottom && is_last_panel)) next = NextTile(out, next_rows.begin, next_rows.count(), column + is_bottom * NR);
                    if (is_bottom ? is_last_panel && !is_last : is_first_panel) coming_a = a.coming(next_rows.begin, next_rows.count(), is_bottom ? k_end : k);
                    if constexpr (!B::is_packed)
                        if (!is_last_panel || !is_last)
                            coming_b = b.coming(is_last_panel ? k_end : k, is_last_panel ? panels.begin * NR : column + NR, k_end - k, t, tiles);

                    const Corner corner{out, rows.begin, column, left};
                    float* const rest = partial + t * MR * partial_ld + column;
                    const auto from = lanes > 1 || (is_first && !out.add) ? Begin::zero : rests_in_y ? Begin::from_y : Begin::from_rest;
                    for (int64_t i = 0; i < chains; ++i) {
                        const LaneTile lane{waiting, i, chains, first_lane + i, !is_first};
                        const Begin begin{corner, rest, partial_ld, from, next, coming_a, coming_b, i * chain_cells / cell_group};
                        const Finish finish{corner, rest, partial_ld, !is_last && !rests_in_y, lanes > 1 ? &lane : nullptr};
                        const auto multiply_by = [&](const auto& columns) {
                            if (in_place) tile<Cell>(rows.count(), chain_cells, a.rows_at(rows.begin, k), columns, begin, finish);
                            else tile<Cell>(rows.count(), chain_cells, PackedA{own_a + i * chain_cells * MR}, columns, begin, finish);
                        };
                        if constexpr (B::is_packed) multiply_by(Panel{b.panel(p, c)});
                        else if (t == 0 && first_tile_packs) multiply_by(b.in_the_making(k + i * chain_depth, column, own_panel + i * chain_cells * NR));
                        else multiply_by(Panel{own_panel + i * chain_cells * NR});
                    }
                }
            }
        }
    });
}

// Packs B from a [columns, K] matrix (along) or a [K, columns] matrix (down), in parallel.
template <class D, class T>
void pack_panels_along(const T* src, int64_t ld, int64_t columns, int64_t K, float* dst) {
    const int64_t size = panel_floats(ceil_div(K, D::Cell::depth));
    parallel(ceil_div(columns, NR), [&](int64_t p, int) {
        pack_along<D, T>(src + p * NR * ld, ld, std::min<int64_t>(NR, columns - p * NR), K, dst + p * size, NR);
    });
}
template <class D, class T>
void pack_panels_down(const T* src, int64_t ld, int64_t columns, int64_t K, float* dst) {
    const int64_t size = panel_floats(ceil_div(K, D::Cell::depth));
    parallel_ranges(K, strip, [&](int64_t k, int64_t end, int) {  // strips of rows, so that memory is read in order
        for (int64_t j = 0; j < columns; j += NR)
            pack_down<D, T>(src + k * ld + j, ld, std::min<int64_t>(NR, columns - j), end - k, dst + j / NR * size + k / D::Cell::depth * NR, NR);
    });
}

}  // namespace ak::AK_ISA
