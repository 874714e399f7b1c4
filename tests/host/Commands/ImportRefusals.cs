using System.Buffers.Binary;
using ActorTrain.Models;

namespace ActorTrain.Host.Tests.Commands;

/// <summary>Models of which one thing is wrong.</summary>
internal static class ImportRefusals
{
    /// <summary>What is done to a good model, and the words that its refusal must hold.</summary>
    public static IReadOnlyDictionary<string, (ModelFamily Family, Action<ModelFolder> Spoil, string[] Named)> All { get; } = Table();

    private static Dictionary<string, (ModelFamily, Action<ModelFolder>, string[])> Table()
    {
        var cases = new Dictionary<string, (ModelFamily, Action<ModelFolder>, string[])>();
        void Gpt2(string what, Action<ModelFolder> spoil, params string[] named) =>
            cases.Add($"gpt2: {what}", (ModelFamily.Gpt2, spoil, named));
        void Llama(string what, Action<ModelFolder> spoil, params string[] named) =>
            cases.Add($"llama: {what}", (ModelFamily.Llama, spoil, named));

        foreach (var (key, json) in new[]
                 {
                     ("activation_function", "\"gelu\""), ("activation_function", "\"relu\""), ("scale_attn_weights", "false"),
                         ("scale_attn_by_inverse_layer_idx", "true"),
                     ("add_cross_attention", "true"), ("is_encoder_decoder", "true"),
                         ("architectures", "[\"GPT2ForSequenceClassification\"]"),
                     ("model_type", "\"gpt_neo\""), ("n_layer", "\"2\""), ("n_embd", "12.5"), ("layer_norm_epsilon", "1e999"),
                         ("tie_word_embeddings", "\"yes\""),
                     ("n_layer", "0"), ("n_layer", "1000000000000"), ("n_embd", "0"), ("n_head", "0"), ("n_head", "5"), ("n_inner", "0"),
                         ("layer_norm_epsilon", "0"), ("vocab_size", "0"),
                     ("rope_theta", "10000"), ("rope_scaling", "{\"type\":\"linear\",\"factor\":2}"), ("hidden_size", "12"), ("pruned_heads", "{\"0\":[1]}"), ("eos_token_id", "264"),
                         ("eos_token_id", "-1"), ("pad_token_id", "264"), ("pad_token_id", "-1"), ("pad_token_id", "\"<pad>\""),
                     ("pad_token_id", "[0,1]"),
                     ("eos_token_id", "[256,7]"), ("bos_token_id", "\"<s>\""), ("bos_token_id", "[256,7]"), ("eos_token_id", "[]"),
                     ("eos_token_id", "[[256]]"), ("eos_token_id", "256.5"), ("eos_token_id", "true"), ("bos_token_id", "-1"),
                 })
            Gpt2($"{key} {json}", folder => folder.Set(key, json), key);
        foreach (var (key, json) in new[]
                 {
                     ("num_hidden_layers", "0"), ("num_key_value_heads", "0"),
                         ("intermediate_size", "0"), ("max_position_embeddings", "0"), ("rms_norm_eps", "0"), ("rope_theta", "-1"),
                     ("hidden_act", "\"gelu\""), ("attention_bias", "true"), ("mlp_bias", "true"), ("partial_rotary_factor", "0.5"),
                         ("head_dim", "8"),
                     ("rope_scaling", "{\"rope_type\":\"llama3\",\"factor\":8}"), ("rope_scaling", "{\"type\":\"linear\"}"),
                         ("rope_scaling", "{\"factor\":2}"),
                     ("rope_scaling", "{\"rope_type\":\"default\",\"factor\":2}"), ("rope_scaling", "{\"rope_theta\":20000}"),
                         ("rope_scaling", "\"linear\""),
                     ("rope_parameters", "{\"rope_type\":\"yarn\"}"), ("rope_parameters", "{\"rope_theta\":5}"),
                         ("rope_parameters", "{\"partial_rotary_factor\":0.5}"),
                     ("rope_scaling", "{\"type\":\"dynamic\",\"factor\":2}"), ("rope_scaling", "{\"type\":\"linear\",\"factor\":0.5}"),
                     ("rope_scaling", "{\"type\":\"linear\",\"factor\":\"2\"}"), ("rope_scaling", "{\"type\":\"linear\",\"factor\":2,\"beta_fast\":8}"),
                     ("rope_scaling", "{\"type\":\"linear\",\"rope_type\":\"yarn\",\"factor\":2}"),
                     ("rope_scaling", "{\"rope_type\":\"longrope\",\"short_factor\":[1],\"long_factor\":[2]}"),
                     ("rope_scaling", Llama3("\"high_freq_factor\":1")), ("rope_scaling", Llama3("\"high_freq_factor\":null")),
                     ("rope_scaling", Yarn("\"beta_fast\":0.5")), ("rope_scaling", Yarn("\"attention_factor\":0")),
                     ("rope_scaling", Yarn("\"truncate\":\"no\"")), ("rope_scaling", Yarn("\"original_max_position_embeddings\":0")),
                     ("rope_scaling", Yarn("\"original_max_position_embeddings\":4")), ("rope_scaling", Yarn("\"rope_theta\":1")),
                     ("rope_scaling", Yarn("\"a_key_of_the_future\":1")), ("original_max_position_embeddings", "8"),
                     ("rope_interleaved", "true"), ("architectures", "[\"LlamaForSequenceClassification\"]"),
                 })
            Llama($"{key} {json}", folder => folder.Set(key, json), key);
        Llama("two original contexts", folder =>
        {
            folder.Set("original_max_position_embeddings", "8");
            folder.Set("rope_scaling", Yarn("\"beta_slow\":1"));
        }, "original_max_position_embeddings: 9", "8");
        Llama("two scalings", folder =>
        {
            folder.Set("rope_parameters", """{"rope_type":"linear","factor":2}""");
            folder.Set("rope_scaling", """{"rope_type":"linear","factor":4}""");
        }, "rope_parameters", "rope_scaling");
        Llama("scaled frequencies of a base of 1", folder =>
        {
            folder.Set("rope_theta", "1");
            folder.Set("rope_scaling", Yarn("\"beta_slow\":1"));
        }, "rope_theta is 1", "above 1");
        foreach (var (key, json) in new[]
                 {
                     ("sliding_window", "4096"), ("attn_logit_softcapping", "50.0"), ("final_logit_softcapping", "30.0"),
                         ("logit_scale", "0.0625"), ("clip_qkv", "8"),
                     ("residual_multiplier", "0.22"), ("embedding_multiplier", "12.0"), ("attention_multiplier", "0.01"),
                         ("logits_scaling", "8.0"), ("use_qk_norm", "true"),
                     ("qk_layernorm", "true"), ("parallel_attn", "true"), ("alibi", "true"), ("layer_types", "[\"full_attention\"]"),
                         ("no_rope_layers", "[1]"),
                     ("quantization_config", "{\"bits\":4}"), ("compression_config", "{\"format\":\"int\"}"),
                         ("auto_map", "{\"AutoModel\":\"m.M\"}"), ("num_local_experts", "8"),
                     ("attention_out_bias", "true"), ("qkv_bias", "true"), ("query_pre_attn_scalar", "256"), ("suppress_tokens", "[3]"),
                         ("forced_eos_token_id", "2"),
                     ("a_key_of_the_future", "1"), ("torch_dtype", "\"int4\""), ("torch_dtype", "\"int8\""), ("torch_dtype", "\"float64\""),
                     ("torch_dtype", "\"float8_e4m3fn\""), ("torch_dtype", "\"\""), ("torch_dtype", "16"), ("dtype", "\"int4\""),
                     ("dtype", "\"float8_e5m2\""),
                 })
        {
            Gpt2($"{key} {json}", folder => folder.Set(key, json), key);
            Llama($"{key} {json}", folder => folder.Set(key, json), key);
        }

        foreach (var (what, json, named) in new (string, string, string[])[]
                 {
                     ("another end of text", """{"eos_token_id":7}""", ["eos_token_id: 7", "256"]),
                     ("another end of text in a list", """{"eos_token_id":[7]}""", ["eos_token_id: 7", "256"]),
                     ("two ends of text", """{"eos_token_id":[256,7]}""", ["eos_token_id: [256,7]"]),
                     ("another begin of text", """{"bos_token_id":7}""", ["bos_token_id: 7", "256"]),
                     ("a padding that is no token", """{"pad_token_id":264}""", ["pad_token_id: 264"]),
                     ("an end of text that is no token", """{"eos_token_id":264}""", ["eos_token_id: 264"]),
                     ("a key twice", """{"eos_token_id":256,"eos_token_id":7}""", ["eos_token_id"]),
                     ("no object", "[]", []),
                     ("no JSON", "{", []),
                 })
        {
            Gpt2($"a generation config with {what}", folder => File.WriteAllText(folder.At("generation_config.json"), json),
                ["generation_config.json", .. named]);
        }

        Gpt2("two paddings", folder =>
        {
            folder.Set("pad_token_id", "1");
            File.WriteAllText(folder.At("generation_config.json"), """{"pad_token_id":0}""");
        }, "pad_token_id: 0", "has 1");
        Gpt2("a key twice", folder => File.WriteAllText(folder.At("config.json"), File.ReadAllText(folder.At("config.json"))
            .Replace("{\n", "{\n\"n_layer\": 3,\n", StringComparison.Ordinal)), "config.json", "n_layer");
        Gpt2("two contexts", folder => folder.Set("n_ctx", "8"), "n_ctx: 8", "n_positions:");
        Gpt2("an adapter", folder => File.WriteAllText(folder.At("adapter_config.json"), "{}"), "adapter_config.json");
        Gpt2("no config", folder => File.Delete(folder.At("config.json")), "config.json");
        Gpt2("fewer layers", folder => folder.Set("n_layer", "1"), "transformer.h.1.");
        Gpt2("more layers", folder => folder.Set("n_layer", "3"), "transformer.h.2.");
        Gpt2("another vocabulary", folder => folder.Set("vocab_size", "300"), "transformer.wte.weight", "[264, 12]", "[300, 12]");
        Gpt2("another context", folder => { folder.Set("n_positions", "8"); folder.Set("n_ctx", "8"); }, "transformer.wpe.weight");
        Llama("other key-value heads", folder => folder.Set("num_key_value_heads", "3"), "k_proj.weight");
        Llama("a head that should be the embedding", folder => folder.Set("tie_word_embeddings", "true"), "lm_head.weight",
            "tie_word_embeddings");
        Gpt2("an untied head that is missing", folder => folder.Set("tie_word_embeddings", "false"), "lm_head.weight");
        Gpt2("a tied head of another shape",
            folder => folder.Add(new RawTensor("lm_head.weight", "F32", [12, 264], new byte[4 * 12 * 264])), "lm_head.weight");
        Gpt2("a tied head of another type", folder => folder.Add(new RawTensor("lm_head.weight", "I64", [264, 12], new byte[8 * 12 * 264])),
            "lm_head.weight", "I64");

        foreach (var name in new[]
                 {
                     "score.weight", "transformer.h.0.attn.rotary.inv_freq", "transformer.h.2.attn.bias",
                         "transformer.h.0.crossattention.c_attn.weight", "h.0.attn.q_norm.weight",
                     "transformer.h.0.attn.c_attn.weight_scale", "lm_head.bias", "foo.attn.bias", "transformer.wte.weight.absmax",
                 })
            Gpt2($"a tensor {name}", folder => folder.Add(new RawTensor(name, "F32", [1], new byte[4])), name);
        foreach (var name in new[] { "model.layers.0.self_attn.q_proj.bias", "model.layers.0.self_attn.q_norm.weight",
            "model.layers.2.self_attn.rotary_emb.inv_freq", "model.layers.0.mlp.experts.0.up_proj.weight" })
            Llama($"a tensor {name}", folder => folder.Add(new RawTensor(name, "F8_E4M3", [1], [0])), name);
        foreach (var (what, name, dtype, shape, bytes) in new (string, string, string, long[], byte[])[]
                 {
                     ("a mask of another context", "transformer.h.0.attn.bias", "U8", [1, 1, 8, 8], Mask(8)),
                     ("a mask of zeros", "transformer.h.1.attn.bias", "U8", [1, 1, 9, 9], new byte[81]),
                     ("a mask that masks nothing", "h.0.attn.bias", "BOOL", [1, 1, 9, 9], [.. Enumerable.Repeat((byte)1, 81)]),
                     ("a mask of an unknown type", "h.0.attn.bias", "F8_E4M3", [1, 1, 9, 9], new byte[81]),
                     ("a mask of zeros of double precision", "h.0.attn.bias", "F64", [1, 1, 9, 9], new byte[8 * 81]),
                     ("a masked score of 0", "transformer.h.0.attn.masked_bias", "F32", [], new byte[4]),
                     ("a masked score of 0 of double precision", "transformer.h.0.attn.masked_bias", "F64", [], new byte[8]),
                     ("a positive masked score", "transformer.h.0.attn.masked_bias", "F32", [], BitConverter.GetBytes(1e4f)),
                     ("two masked scores", "h.0.attn.masked_bias", "I32", [2],
                         [.. BitConverter.GetBytes(-10_000), .. BitConverter.GetBytes(-10_000)]),
                 })
            Gpt2(what, folder => folder.Add(new RawTensor(name, dtype, shape, bytes)), name);
        foreach (var (what, shape, bytes) in new (string, long[], byte[])[]
                 {
                     ("frequencies of another base", [Pairs], Frequencies(500_000)),
                     ("frequencies of another width", [Pairs + 1], [.. Frequencies(10_000), 0, 0, 0, 0]),
                     ("frequencies of zero", [Pairs], new byte[4 * Pairs]),
                 })
            Llama(what, folder => folder.Add(new RawTensor("model.rotary_emb.inv_freq", "F32", shape, bytes)), "model.rotary_emb.inv_freq");
        Llama("frequencies without the scaling", folder =>
        {
            folder.Set("rope_scaling", Llama3("\"high_freq_factor\":4"));
            folder.Add(new RawTensor("model.rotary_emb.inv_freq", "F32", [Pairs], Frequencies(10_000)));
        }, "model.rotary_emb.inv_freq", "llama3");
        Llama("frequencies of another base in double precision", folder => folder.Add(
            new RawTensor("model.rotary_emb.inv_freq", "F64", [Pairs], Doubled(Frequencies(500_000)))), "model.rotary_emb.inv_freq");
        Gpt2("a tensor twice, with and without prefix",
            folder => folder.Add(folder.Tensors()[2] with { Name = folder.Tensors()[2].Name["transformer.".Length..] }), "duplicate");
        Gpt2("weights that are cut short", folder => File.WriteAllBytes(folder.At("model.safetensors"),
            File.ReadAllBytes(folder.At("model.safetensors"))[..^5]), "model.safetensors");
        Gpt2("half weights that are not finite", folder => folder.Change("transformer.ln_f.bias",
            static tensor => tensor with { Dtype = "F16", Bytes = [.. new byte[22], 0x00, 0x7C] }), "transformer.ln_f.bias", "finite");
        Gpt2("brain weights that are not finite", folder => folder.Change("transformer.ln_f.bias",
            static tensor => tensor with { Dtype = "BF16", Bytes = [.. new byte[22], 0xC0, 0x7F] }), "transformer.ln_f.bias", "finite");

        Llama("an index and a single file", folder => { var all = folder.Tensors(); folder.Shard(); folder.Write(all); },
            "model.safetensors.index.json");
        Llama("an index that names a tensor elsewhere",
            folder => folder.Shard(static map => map["lm_head.weight"] = map["lm_head.weight"]!.GetValue<string>() == "a.safetensors"
            ? "b.safetensors" : "a.safetensors"), "lm_head.weight");
        Llama("an index that leaves a tensor out", folder => folder.Shard(static map => map.Remove("model.norm.weight")),
            "model.norm.weight");
        Llama("an index that names a tensor that is not there",
            folder => folder.Shard(static map => map["model.extra.weight"] = "a.safetensors"), "model.extra.weight");
        foreach (var (what, json) in new[] { ("another size", "1"), ("a size that is no number", "\"1\"") })
        {
            Llama($"an index of {what}", folder =>
            {
                folder.Shard();
                folder.Set("metadata", $$"""{"total_size":{{json}}}""", "model.safetensors.index.json");
            }, "model.safetensors.index.json");
        }

        Llama("a shard that is missing", static folder => { folder.Shard(); File.Delete(folder.At("b.safetensors")); }, "b.safetensors");

        Gpt2("another end of text than the tokenizer's", folder => folder.Set("eos_token_id", "7"), "eos_token_id 7", "256");
        Gpt2("another begin of text than the tokenizer's", folder => folder.Set("bos_token_id", "1"), "bos_token_id 1");
        Gpt2("a tokenizer with more ids than the model", Narrow, "257 token ids", "250");
        Gpt2("a tokenizer config of another end of text", folder => folder.Set("eos_token", "\"</s>\"", "tokenizer_config.json"),
            "tokenizer_config.json");
        Gpt2("a tokenizer with a token more", folder => folder.Set("added_tokens", "[]", "tokenizer.json"), "tokenizer.json");
        Gpt2("added tokens", folder => File.WriteAllText(folder.At("added_tokens.json"), "{\"<pad>\":257}"), "added_tokens.json");
        Gpt2("special tokens of another end of text",
            folder => File.WriteAllText(folder.At("special_tokens_map.json"), """{"eos_token":"</s>"}"""), "special_tokens_map.json");
        Gpt2("special tokens more",
            folder => File.WriteAllText(folder.At("special_tokens_map.json"), """{"eos_token":"<|endoftext|>","bos_token":"<s>"}"""),
            "special_tokens_map.json");
        Gpt2("a tokenizer description that is no such", folder => File.WriteAllText(folder.At("actortrain-tokenizer.json"), "{}"),
            "actortrain-tokenizer.json");
        return cases;
    }

    private static string Llama3(string last) =>
        $$"""{"rope_type":"llama3","factor":8,"original_max_position_embeddings":9,"low_freq_factor":1,{{last}}}""";

    private static string Yarn(string last) => last.Contains("original", StringComparison.Ordinal)
        ? $$"""{"rope_type":"yarn","factor":4,{{last}}}"""
        : $$"""{"rope_type":"yarn","factor":4,"original_max_position_embeddings":9,{{last}}}""";

    public static int Pairs => ModelFolder.Shape(ModelFamily.Llama).HeadWidth / 2;

    public static byte[] Mask(int length) =>
        [.. Enumerable.Range(0, length * length).Select(i => (byte)(i % length <= i / length ? 1 : 0))];

    public static byte[] Frequencies(double theta) =>
        [.. Enumerable.Range(0, Pairs).SelectMany(i => BitConverter.GetBytes((float)Math.Pow(theta, -(double)i / Pairs)))];

    /// <summary>Values of single precision as such of double precision.</summary>
    public static byte[] Doubled(byte[] singles) =>
        [.. singles.Chunk(4).SelectMany(static value => BitConverter.GetBytes((double)BitConverter.ToSingle(value)))];

    private static void Narrow(ModelFolder folder)
    {
        folder.Set("vocab_size", "250");
        folder.Set("eos_token_id", null);
        folder.Set("bos_token_id", null);
        folder.Change("transformer.wte.weight", static tensor => tensor with { Shape = [250, 12], Bytes = tensor.Bytes[..(4 * 250 * 12)] });
    }

    public static byte[] WithLast(byte[] bytes, float value)
    {
        var changed = bytes.ToArray();
        BinaryPrimitives.WriteSingleLittleEndian(changed.AsSpan()[^4..], value);
        return changed;
    }
}
