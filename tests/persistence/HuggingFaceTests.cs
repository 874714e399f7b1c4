using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using ActorTrain.Models;
using ActorTrain.Models.Storage;
using ActorTrain.Persistence.HuggingFace;
using ActorTrain.Persistence.Safetensors;

namespace ActorTrain.Persistence.Tests;

public sealed class HuggingFaceTests : IDisposable
{
    private readonly TestDirectory directory = new();
    private readonly List<HostBuffer> buffers = [];

    public static TheoryData<string> Models => [.. HuggingFaceShapes.All.Keys];

    private string Target => directory.At("model");

    public void Dispose()
    {
        buffers.ForEach(static buffer => buffer.Dispose());
        directory.Dispose();
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void What_is_exported_is_imported_bit_for_bit(string shape)
    {
        var model = Export(shape);
        var back = Import();
        back.Options.ShouldBe(model.Options);
        (back.BeginToken, back.EndToken).ShouldBe((1, 2));
        back.Weights.Floats().SequenceEqual(model.Weights.Floats()).ShouldBeTrue();
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void An_independent_reader_computes_the_same_logits(string shape)
    {
        var model = Export(shape);
        int[] tokens = [3, 36, 0, 3, 17, 1, 25];
        if (Environment.GetEnvironmentVariable("ACTORTRAIN_NO_PYTHON") == "1")
            return;
        var theirs = RunPython(string.Join(',', tokens));
        var ours = new CanonicalModel(model.Options, model.Weights).Logits(tokens);
        theirs.Length.ShouldBe(tokens.Length);
        for (var t = 0; t < tokens.Length; t++)
        {
            theirs[t].Length.ShouldBe(model.Options.VocabularySize);
            for (var v = 0; v < theirs[t].Length; v++)
                theirs[t][v].ShouldBe(ours[t][v], 1e-9 * Math.Max(1, Math.Abs(ours[t][v])), $"at time {t}, token {v}");
        }

        // The logits are of a size at which a mistake shows.
        ours.SelectMany(row => row).Max(Math.Abs).ShouldBeGreaterThan(0.1);
    }

    [Fact]
    public void Gpt2_has_the_names_and_shapes_that_transformers_looks_for()
    {
        Export("gpt2 untied");
        using var file = SafetensorsFile.Open(Path.Combine(Target, "model.safetensors"));
        file.Metadata.ShouldBe(new Dictionary<string, string> { ["format"] = "pt" });
        file.Entries.Select(entry => $"{entry.Name} {entry.Dtype} {SafetensorsEntry.Format(entry.Shape)}").ShouldBe(
        [
            "transformer.wte.weight F32 [37, 8]", "transformer.wpe.weight F32 [9, 8]",
            "transformer.h.0.ln_1.weight F32 [8]", "transformer.h.0.ln_1.bias F32 [8]",
            "transformer.h.0.attn.c_attn.weight F32 [8, 24]", "transformer.h.0.attn.c_attn.bias F32 [24]",
            "transformer.h.0.attn.c_proj.weight F32 [8, 8]", "transformer.h.0.attn.c_proj.bias F32 [8]",
            "transformer.h.0.ln_2.weight F32 [8]", "transformer.h.0.ln_2.bias F32 [8]",
            "transformer.h.0.mlp.c_fc.weight F32 [8, 32]", "transformer.h.0.mlp.c_fc.bias F32 [32]",
            "transformer.h.0.mlp.c_proj.weight F32 [32, 8]", "transformer.h.0.mlp.c_proj.bias F32 [8]",
            "transformer.ln_f.weight F32 [8]", "transformer.ln_f.bias F32 [8]", "lm_head.weight F32 [37, 8]",
        ]);
    }

    [Fact]
    public void Llama_has_the_names_and_shapes_that_transformers_looks_for()
    {
        Export("llama");
        using var file = SafetensorsFile.Open(Path.Combine(Target, "model.safetensors"));
        file.Entries.Where(entry => !entry.Name.Contains(".1.", StringComparison.Ordinal))
            .Select(entry => $"{entry.Name} {SafetensorsEntry.Format(entry.Shape)}").ShouldBe(
        [
            "model.embed_tokens.weight [37, 24]", "model.layers.0.input_layernorm.weight [24]",
            "model.layers.0.self_attn.q_proj.weight [24, 24]", "model.layers.0.self_attn.k_proj.weight [8, 24]",
            "model.layers.0.self_attn.v_proj.weight [8, 24]", "model.layers.0.self_attn.o_proj.weight [24, 24]",
            "model.layers.0.post_attention_layernorm.weight [24]", "model.layers.0.mlp.gate_proj.weight [40, 24]",
            "model.layers.0.mlp.up_proj.weight [40, 24]", "model.layers.0.mlp.down_proj.weight [24, 40]",
            "model.norm.weight [24]", "lm_head.weight [37, 24]",
        ]);
    }

    [Theory]
    [InlineData(ModelFamily.Gpt2, "GPT2ForSequenceClassification", "transformer.ln_f.bias")]
    [InlineData(ModelFamily.Llama, "LlamaForSequenceClassification", "model.norm.weight")]
    public void A_reward_model_has_a_score_of_one_label_in_the_place_of_the_head(ModelFamily family, string architecture, string before)
    {
        var options = ModelOptions.FromDepth(1, family) with { VocabularySize = 37, Output = ModelOutput.Score };
        var layout = ModelLayout.Of(options);
        using var weights = new HostBuffer(layout.Length * sizeof(float));
        HuggingFaceExport.Write(new HuggingFaceModel(options, layout, weights, 1, 2), [], Target);
        using var file = SafetensorsFile.Open(Path.Combine(Target, "model.safetensors"));
        file.Entries.Select(static entry => entry.Name).TakeLast(2).ShouldBe([before, "score.weight"]);
        file.Find("score.weight")!.Shape.ShouldBe([1, options.Width]);
        using var config = JsonDocument.Parse(File.ReadAllText(Path.Combine(Target, "config.json")));
        config.RootElement.GetProperty("architectures")[0].GetString().ShouldBe(architecture);
        config.RootElement.GetProperty("id2label").EnumerateObject().ShouldHaveSingleItem().Name.ShouldBe("0");
    }

    [Theory]
    [InlineData("gpt2",
        """{"model_type":"gpt2","architectures":["GPT2LMHeadModel"],"activation_function":"gelu_new","layer_norm_epsilon":1e-05,"n_ctx":9,"n_embd":12,"n_head":3,"n_inner":40,"n_layer":2,"n_positions":9,"bos_token_id":1,"eos_token_id":2,"tie_word_embeddings":true,"torch_dtype":"float32","vocab_size":37}""")]
    [InlineData("llama",
        """{"model_type":"llama","architectures":["LlamaForCausalLM"],"attention_bias":false,"head_dim":4,"hidden_act":"silu","hidden_size":24,"intermediate_size":40,"max_position_embeddings":9,"mlp_bias":false,"num_attention_heads":6,"num_hidden_layers":2,"num_key_value_heads":2,"rms_norm_eps":1e-05,"rope_scaling":null,"rope_theta":10000,"tie_word_embeddings":false,"torch_dtype":"float32","vocab_size":37}""")]
    public void The_config_says_what_transformers_needs(string shape, string expected)
    {
        Export(shape);
        using var config = JsonDocument.Parse(File.ReadAllText(Path.Combine(Target, "config.json")));
        using var wanted = JsonDocument.Parse(expected);
        foreach (var property in wanted.RootElement.EnumerateObject())
            JsonElement.DeepEquals(config.RootElement.GetProperty(property.Name), property.Value).ShouldBeTrue(property.Name);
    }

    [Theory]
    [InlineData(SafetensorsDtype.BF16)]
    [InlineData(SafetensorsDtype.F16)]
    public void Narrow_weights_are_widened(SafetensorsDtype dtype)
    {
        var model = Export("gpt2");
        Rewrite(slices => slices.Select(slice => Narrow(slice, dtype)));
        var back = Import().Weights.Floats();
        var all = model.Weights.Floats();
        for (var i = 0; i < all.Length; i++)
        {
            var expected = dtype == SafetensorsDtype.F16 ? (float)(Half)all[i]
                : BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(all[i]) & 0xFFFF0000);
            back[i].ShouldBe(expected);
        }
    }

    [Fact]
    public void A_published_gpt2_is_read_without_prefix_and_with_its_attention_masks()
    {
        var model = Export("gpt2");
        Rewrite(slices => slices.Select(
            slice => slice with { Name = slice.Name.Replace("transformer.", string.Empty, StringComparison.Ordinal) })
            .Append(new TensorSlice("h.0.attn.bias", SafetensorsDtype.U8, [1, 1, 9, 9],
                Filled([.. Enumerable.Range(0, 81).Select(static i => (byte)(i % 9 <= i / 9 ? 1 : 0))]), 0))
            .Append(new TensorSlice("h.1.attn.masked_bias", SafetensorsDtype.F32, [], Filled(BitConverter.GetBytes(-1e4f)), 0))
            .Append(slices.Single(static slice => slice.Name == "transformer.wte.weight") with { Name = "lm_head.weight" }));
        Import().Weights.Floats().SequenceEqual(model.Weights.Floats()).ShouldBeTrue();
    }

    [Fact]
    public void A_model_in_shards_is_read_by_its_index()
    {
        var model = Export("llama");
        var whole = Slices();
        File.Delete(Path.Combine(Target, "model.safetensors"));
        var map = new Dictionary<string, string>();
        for (var shard = 0; shard < 3; shard++)
        {
            var name = $"model-0000{shard + 1}-of-00003.safetensors";
            var part = whole.Where((_, i) => i % 3 == shard).ToArray();
            SafetensorsWriter.Write(Path.Combine(Target, name), part, new Dictionary<string, string>());
            foreach (var slice in part)
                map[slice.Name] = name;
        }

        var index = Path.Combine(Target, "model.safetensors.index.json");
        File.WriteAllText(index, JsonSerializer.Serialize(new { metadata = new { total_size = whole.Sum(static slice => slice.ByteCount) }, weight_map = map }));
        Import().Weights.Floats().SequenceEqual(model.Weights.Floats()).ShouldBeTrue();

        File.Delete(Path.Combine(Target, "model-00002-of-00003.safetensors"));
        ImportShouldFail("has no model-00002-of-00003.safetensors");
        File.WriteAllText(index, """{"weight_map":{"a":"../../etc/passwd"}}""");
        ImportShouldFail("not a file name");
        File.WriteAllText(index, "{}");
        ImportShouldFail("not a shard index");
        File.Delete(index);
        ImportShouldFail("has neither");
    }

    [Theory]
    [InlineData("gpt2", "activation_function", "\"relu\"", "activation_function: \"relu\"")]
    [InlineData("gpt2", "scale_attn_by_inverse_layer_idx", "true", "scale_attn_by_inverse_layer_idx: true")]
    [InlineData("gpt2", "scale_attn_weights", "false", "scale_attn_weights: false")]
    [InlineData("gpt2", "model_type", "\"mamba\"", "model_type \"mamba\"")]
    [InlineData("gpt2", "n_head", "5", "not a multiple")]
    [InlineData("gpt2", "n_embd", "\"wide\"", "it must be a whole number")]
    [InlineData("gpt2", "n_embd", "2000000000", "not a valid model configuration")]
    [InlineData("gpt2", "n_layer", "3", "has no tensor transformer.h.2.ln_1.weight")]
    [InlineData("gpt2", "n_layer", "1", "has the tensor transformer.h.1.ln_1.weight")]
    [InlineData("gpt2", "n_inner", "48", "[12, 48]")]
    [InlineData("gpt2", "quantization_config", "{\"bits\":4}", "quantization_config")]
    [InlineData("llama", "hidden_act", "\"gelu\"", "hidden_act: \"gelu\"")]
    [InlineData("llama", "attention_bias", "true", "attention_bias: true")]
    [InlineData("llama", "mlp_bias", "true", "mlp_bias: true")]
    [InlineData("llama", "rope_scaling", "{\"rope_type\":\"llama3\",\"factor\":8}", "rope_scaling")]
    [InlineData("llama", "rope_parameters", "{\"rope_type\":\"yarn\",\"rope_theta\":1}", "rope_parameters")]
    [InlineData("llama", "rope_scaling", "{\"type\":\"dynamic\",\"factor\":2}",
        "type: \"dynamic\", which is not supported (only default or linear or llama3 or yarn)")]
    [InlineData("llama", "rope_scaling", "{\"rope_type\":\"longrope\",\"short_factor\":[1],\"long_factor\":[2]}", "rope_type: \"longrope\"")]
    [InlineData("llama", "head_dim", "8", "head_dim: 8")]
    [InlineData("llama", "tie_word_embeddings", "\"no\"", "it must be true or false")]
    public void A_model_that_this_program_cannot_run_is_refused_in_one_sentence(string shape, string key, string value, string because)
    {
        Export(shape);
        SetConfig(key, value);
        ImportShouldFail(because);
    }

    [Fact]
    public void Defaults_of_transformers_stand_in_for_what_a_config_leaves_out()
    {
        var model = Export("llama");
        foreach (var key in new[] { "rope_theta", "head_dim", "attention_bias", "mlp_bias", "rope_scaling", "pretraining_tp",
            "tie_word_embeddings" })
            SetConfig(key, null);
        Import().Options.ShouldBe(model.Options);
        SetConfig("rope_parameters", """{"rope_type":"default","rope_theta":250000.0}""");
        SetConfig("eos_token_id", "[7]");
        Import().Options.RopeTheta.ShouldBe(250000);
        Import().EndToken.ShouldBe(7);
    }

    [Fact]
    public void What_is_no_model_directory_is_told()
    {
        ImportShouldFail("has no config.json");
        Directory.CreateDirectory(Target);
        File.WriteAllText(Path.Combine(Target, "config.json"), "{");
        ImportShouldFail("is not valid JSON");
    }

    [Fact]
    public void Weights_of_whole_numbers_are_refused()
    {
        Export("gpt2");
        Rewrite(slices => slices.Select(slice => slice.Name == "transformer.ln_f.bias" ? slice with { Dtype = SafetensorsDtype.I32 }
            : slice));
        ImportShouldFail("only F32, BF16 and F16 weights");
    }

    [Fact]
    public void The_files_given_stand_in_the_directory()
    {
        Export("gpt2", files: [new ExportedFile("tokenizer.json", "{}"u8.ToArray())]);
        Directory.EnumerateFiles(Target).Select(Path.GetFileName)
            .ShouldBe(["config.json", "model.safetensors", "tokenizer.json"], ignoreOrder: true);
        File.ReadAllText(Path.Combine(Target, "tokenizer.json")).ShouldBe("{}");
    }

    [Theory]
    [InlineData("../evil.json")]
    [InlineData("config.json")]
    [InlineData("")]
    public void A_file_that_would_go_elsewhere_is_refused_and_nothing_stays_behind(string name)
    {
        Should.Throw<ArgumentException>(() => Export("gpt2", files: [new ExportedFile(name, "{}"u8.ToArray())]));
        Directory.EnumerateFileSystemEntries(directory.Path).ShouldBeEmpty();
    }

    [Fact]
    public void A_model_that_is_there_is_replaced_only_when_forced()
    {
        Export("gpt2");
        Should.Throw<UserErrorException>(() => Export("llama")).Message.ShouldContain("--force");
        Import().Options.Family.ShouldBe(ModelFamily.Gpt2);
        Export("llama", force: true);
        Import().Options.Family.ShouldBe(ModelFamily.Llama);
        Directory.EnumerateFileSystemEntries(directory.Path).Count().ShouldBe(1);
    }

    [Fact]
    public void A_model_set_aside_by_an_export_that_was_killed_comes_back()
    {
        Export("gpt2");
        Directory.Move(Target, directory.At(".model.replaced"));
        Should.Throw<UserErrorException>(() => Export("llama"));
        Import().Options.Family.ShouldBe(ModelFamily.Gpt2);
        Export("llama", force: true);
        Directory.EnumerateFileSystemEntries(directory.Path).Count().ShouldBe(1);
    }

    [Fact]
    public void A_directory_that_holds_no_model_is_never_replaced()
    {
        Directory.CreateDirectory(Target);
        File.WriteAllText(Path.Combine(Target, "thesis.tex"), "years of work");
        Should.Throw<UserErrorException>(() => Export("gpt2", force: true)).Message.ShouldContain("not replaced");
        File.ReadAllText(Path.Combine(Target, "thesis.tex")).ShouldBe("years of work");
        File.Delete(Path.Combine(Target, "thesis.tex"));
        Export("gpt2");
        Import().Options.Family.ShouldBe(ModelFamily.Gpt2);
    }

    private HuggingFaceModel Export(string shape, bool force = false, IReadOnlyList<ExportedFile>? files = null)
    {
        var options = HuggingFaceShapes.All[shape];
        var layout = CanonicalModel.LayoutOf(options);
        var weights = Buffer(layout.Length * sizeof(float));
        var random = new Random(7);
        foreach (var entry in layout.Entries)
        {
            foreach (ref var value in weights.Floats().Slice((int)entry.Offset, (int)entry.Count))
                value = (float)((random.NextDouble() - 0.5) * 0.8);
        }

        var model = new HuggingFaceModel(options, layout, weights, 1, 2);
        HuggingFaceExport.Write(model, files ?? [], Target, force);
        return model;
    }

    private HuggingFaceModel Import()
    {
        var model = HuggingFaceImport.Read(Target, CanonicalModel.LayoutOf);
        buffers.Add(model.Weights);
        return model;
    }

    private void ImportShouldFail(string because)
    {
        var error = Should.Throw<UserErrorException>(() => HuggingFaceImport.Read(Target, CanonicalModel.LayoutOf));
        error.Message.ShouldContain(because);
        error.Message.ShouldContain(Target);
    }

    private List<TensorSlice> Slices()
    {
        using var file = SafetensorsFile.Open(Path.Combine(Target, "model.safetensors"));
        var slices = new List<TensorSlice>();
        foreach (var entry in file.Entries)
        {
            slices.Add(new TensorSlice(entry.Name, entry.Dtype!.Value, entry.Shape, Buffer(entry.ByteCount), 0));
            file.Read(entry, slices[^1].Buffer, 0);
        }

        return slices;
    }

    private void Rewrite(Func<IEnumerable<TensorSlice>, IEnumerable<TensorSlice>> change)
    {
        var changed = change(Slices()).ToArray();
        File.Delete(Path.Combine(Target, "model.safetensors"));
        SafetensorsWriter.Write(Path.Combine(Target, "model.safetensors"), changed, new Dictionary<string, string>());
    }

    private TensorSlice Narrow(TensorSlice slice, SafetensorsDtype dtype)
    {
        var values = slice.Buffer.Floats();
        var narrow = Buffer(values.Length * 2);
        var halves = MemoryMarshal.Cast<byte, ushort>(narrow.Slice(0, values.Length * 2));
        for (var i = 0; i < values.Length; i++)
            halves[i] = dtype == SafetensorsDtype.F16 ? BitConverter.HalfToUInt16Bits((Half)values[i])
                : (ushort)(BitConverter.SingleToUInt32Bits(values[i]) >> 16);
        return slice with { Dtype = dtype, Buffer = narrow };
    }

    private void SetConfig(string key, string? value)
    {
        var path = Path.Combine(Target, "config.json");
        var config = System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        config.Remove(key);
        if (value is not null)
            config[key] = System.Text.Json.Nodes.JsonNode.Parse(value);
        File.WriteAllText(path, config.ToJsonString());
    }

    private HostBuffer Filled(byte[] bytes)
    {
        var buffer = Buffer(bytes.Length);
        bytes.CopyTo(buffer.Slice(0, bytes.Length));
        return buffer;
    }

    private HostBuffer Buffer(long length)
    {
        buffers.Add(new HostBuffer(length));
        return buffers[^1];
    }

    private double[][] RunPython(string tokens)
    {
        using var python = Process.Start(
            new ProcessStartInfo("/usr/bin/python3", [Path.Combine(AppContext.BaseDirectory, "independent_reader.py"), Target, tokens])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
        var errors = python.StandardError.ReadToEndAsync();
        var said = python.ReadToEnd();
        python.WaitToEnd();
        python.ExitCode.ShouldBe(
            0,
            string.Create(CultureInfo.InvariantCulture,
                $"The independent reader needs Debian's python3-torch (apt-get install python3-torch), or set ACTORTRAIN_NO_PYTHON=1 to "
                + $"do without it. It said: {errors.Result}"));
        return JsonSerializer.Deserialize<double[][]>(said)!;
    }
}
