// Every kernel against a naive reference in double precision, for each instruction set this machine has; then bit-equality over thread counts,
// the aliasing that kernels.h promises, NaN, and refused arguments. Prints PASS or FAIL per check; exit code 1 on any FAIL.
#include "checks.h"

static ak_objective objective(float scale, float label_smoothing, float z_loss, float soft_cap) {
    ak_objective objective = {};
    objective.scale = scale, objective.label_smoothing = label_smoothing, objective.z_loss = z_loss, objective.soft_cap = soft_cap;
    return objective;
}

static void suite(int isa, const char* name) {
    isa_name = name;
    if (ak_configure(isa) != 0) {
        std::printf("SKIP %s: %s\n", name, ak_error());
        return;
    }
    isa_name += std::string(" (") + ak_description() + ")";
    generator.seed(1);
    ak_set_threads(2);
    for (int dtype : {ak_f32, ak_bf16}) {
        for (int64_t rows : {1, 7, 256})
            for (int64_t in : {32, 40, 384}) linear(rows, in, in == 384 ? 1152 / 8 : in + 9, dtype);
        linear(3, 33, 1, dtype);
        linear(5, 1, 17, dtype);
        linear(17, 3001, 50, dtype);   // the summed dimension in parts
        linear(2300, 35, 19, dtype);   // ... of the weight gradient
        for (int64_t rows : {1, 7, 256})
            for (int64_t width : {3, 32, 40, 384, 391})
                for (bool centred : {true, false}) norm(rows, width, centred, dtype);
        activations(7, 41, dtype);
        activations(256, 384, dtype);
        rope(2, 9, 3, 16, 5 * 16, dtype);
        rope(1, 33, 2, 40, 80, dtype);
        rope_positions(dtype);
        for (int64_t width : {16, 40, 64, 128, 7}) {
            attention({37, 37}, 4, 2, width, {}, dtype);
            attention({150}, 2, 2, width, {}, dtype);
        }
        attention({256}, 6, 6, 64, {}, dtype);
        attention({64}, 6, 1, 32, {}, dtype);
        attention({1, 1}, 2, 1, 8, {}, dtype);
        for (const Mask& mask : {Mask{}, Mask{50}, Mask{1}, Mask{70, 5}, Mask{3, 40, true}, Mask{0, 0, true}, Mask{40, 2, true, true}, Mask{0, 0, false, true}}) {
            attention({150, 3, 1, 290}, 4, 2, 24, mask, dtype);
            attention_bits(mask, dtype);
        }
        for (int i = 0; i < 40; ++i) random_attention(dtype);
        cached_attention(4, 4, 64, {}, dtype);
        cached_attention(6, 2, 40, {50}, dtype);
        cached_attention(17, 1, 7, {1}, dtype);
        cached_attention(4, 4, 33, {70, 5}, dtype);
        cached_attention(6, 2, 40, {3, 40, true}, dtype);
        cached_attention(17, 1, 7, {0, 0, true}, dtype);
        for (bool per_row : {false, true}) {
            head(7, 32, 50, dtype, objective(0.1f, 0, 0, 0), per_row);
            head(67, 40, 131, dtype, objective(0.01f, 0.1f, 0.02f, 0), per_row);
            head(33, 16, 97, dtype, objective(0.03f, 0, 0.01f, 3), per_row);
            head(9, 24, 300, dtype, objective(0.1f, 0.2f, 0, 5), per_row);
        }
        head_in_chunks(dtype);
        for (int64_t lanes : {2, 4, 16}) {
            for (int64_t lane_rows : {1, 7, 32, 70}) lanes_of_linear(lanes, lane_rows, 40, 67, dtype);
            lanes_of_norm(lanes, 45, 40, dtype);
            for (bool is_tied : {true, false}) lanes_of_embedding(lanes, 2, 9, 24, 61, is_tied, dtype);
        }
        lanes_of_linear(8, 256, 64, 100, dtype);
        lanes_of_linear(2, 1500, 40, 33, dtype);  // lanes longer than a part
        lanes_of_embedding(4, 1, 64, 40, 1000, true, dtype);
        sampled_log_probabilities(33, 40, 1003, dtype);
        same_bits(dtype);
        same_bits_per_row(dtype);
        nan_goes_through(dtype);
        nan_stays_in_its_text(dtype);
        for (int64_t sinks : {0, 5, 40}) nan_that_no_row_sees(sinks, dtype);
    }
    for (float offset : {0.0f, 1e4f, -1e4f}) entropy_of_shifted_logits(offset);
    for (float soft_cap : {0.5f, 5.0f, 30.0f}) gradient_beyond_the_cap(soft_cap);
    same_bits_as_chains(300, 64, 70);
    same_bits_as_chains(17, 3001, 50);
    same_bits_as_chains(1100, 35, 67);
    same_bits_as_chains(1, 5, 1200);
    embedding(3, 7, 40, 11);
    embedding(2, 64, 391, 500);
    for (int64_t count : {1, 7, 64, 100001}) flat(count);
    flat((1 << 20) + 12345);
    for (int64_t vocabulary : {1, 5, 256, 1003, 50257}) sampling(vocabulary);
    sampled_frequencies();
    refusals();
}

int main() {
    suite(ak_isa_portable, "portable");
    suite(ak_isa_avx512, "avx512");
    suite(ak_isa_avx512_bf16, "avx512_bf16");
    suite(ak_isa_best, "best");
    std::printf(failures ? "%d checks FAILED\n" : "all checks passed\n", failures.load());
    return failures ? 1 : 0;
}
