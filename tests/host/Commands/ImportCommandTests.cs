using ActorTrain.Data.Tokenizers;
using ActorTrain.Host.Cli;
using ActorTrain.Host.Commands;
using ActorTrain.Host.Runs;
using ActorTrain.Models;
using ActorTrain.Models.Generation;

namespace ActorTrain.Host.Tests.Commands;

/// <summary>An import takes what a file says, or refuses it by name: it drops, changes and overlooks nothing.</summary>
public sealed class ImportCommandTests : IDisposable
{
    private static readonly string Words =
        string.Concat(Enumerable.Range(0, 400).Select(static i => $"word{i % 7} and {i % 8} of them\n"));

    private readonly TemporaryRuns runs = new();

    public static TheoryData<string> Cases => [.. ImportRefusals.All.Keys];

    private string Target => Path.Combine(runs.Path, "imported");

    public void Dispose() => runs.Dispose();

    [Theory]
    [InlineData(ModelFamily.Gpt2)]
    [InlineData(ModelFamily.Llama)]
    public void A_good_model_is_imported(ModelFamily family)
    {
        var folder = Good(family);
        Import(folder).Code.ShouldBe(ExitCode.Success);
        using var imported = TrainedModel.Open(Target, step: null, Context(TextWriter.Null), memory: static _ => { });
        imported.Facts.Model.ShouldBe(ModelFolder.Shape(family));
        imported.Tokenizer().EndOfText.ShouldBe(ModelFolder.EndOfText);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void One_thing_that_is_not_right_is_refused_by_its_name_and_nothing_is_written(string what)
    {
        var (family, spoil, named) = ImportRefusals.All[what];
        var folder = Good(family);
        spoil(folder);
        var before = Snapshot();
        var (code, error) = Import(folder);
        code.ShouldBe(ExitCode.UserError, error);
        error.Count(static letter => letter == '\n').ShouldBe(1, error);
        foreach (var words in named)
            error.ShouldContain(words);
        foreach (var property in typeof(ModelOptions).GetProperties().Select(static property => property.Name))
            error.ShouldNotMatch($@"\b{property}\b(?! of)", "a name that is not in the file");
        Snapshot().ShouldBe(before);
    }

    [Theory]
    [InlineData(ModelFamily.Gpt2)]
    [InlineData(ModelFamily.Llama)]
    public void Every_tensor_is_needed_as_it_is(ModelFamily family)
    {
        var good = Good(family);
        var tensors = good.Tensors();
        foreach (var tensor in tensors)
        {
            RefusedWith(tensor with { Name = tensor.Name + ".renamed" });
            RefusedWith(tensor with { Dtype = "I32" });
            RefusedWith(tensor with { Dtype = "F8_E4M3", Bytes = tensor.Bytes[..(tensor.Bytes.Length / 4)] });
            RefusedWith(tensor with { Shape = [.. tensor.Shape, 1] });
            RefusedWith(
                tensor with { Shape = [tensor.Shape[0] / 2, .. tensor.Shape[1..]], Bytes = tensor.Bytes[..(tensor.Bytes.Length / 2)] });
            foreach (var value in new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity })
                RefusedWith(tensor with { Bytes = ImportRefusals.WithLast(tensor.Bytes, value) });

            void RefusedWith(RawTensor spoilt)
            {
                good.Write(tensors.Select(one => one == tensor ? spoilt : one));
                var (code, error) = Import(good);
                code.ShouldBe(ExitCode.UserError, spoilt.ToString());
                error.ShouldContain(tensor.Name);
                Directory.Exists(Target).ShouldBeFalse();
            }
        }

        good.Write(tensors);
        Import(good).Code.ShouldBe(ExitCode.Success);
    }

    [Theory]
    [InlineData(ModelFamily.Gpt2)]
    [InlineData(ModelFamily.Llama)]
    public void Every_number_of_a_config_is_taken_over_or_contradicts_the_weights(ModelFamily family)
    {
        string[] changesNothing = ["attention_dropout", "attn_pdrop", "embd_pdrop", "resid_pdrop", "initializer_range", "pretraining_tp"];
        var taken = new Dictionary<string, Func<ModelOptions, double>>
        {
            ["layer_norm_epsilon"] = static model => model.NormEpsilon,
            ["rms_norm_eps"] = static model => model.NormEpsilon,
            ["rope_theta"] = static model => model.RopeTheta,
            ["max_position_embeddings"] = static model => model.ContextLength,
            ["n_head"] = static model => model.Heads,
        };
        var folder = Good(family);
        foreach (var (key, value) in folder.Config.Where(static pair => pair.Value?.GetValueKind() == System.Text.Json.JsonValueKind.Number)
            .ToList())
        {
            if (changesNothing.Contains(key))
                continue;
            var other = (double)value! < 1 ? (double)value! * 2 : (double)value! + 1;
            folder.Set(key, other.ToString("R", System.Globalization.CultureInfo.InvariantCulture));
            var (code, error) = Import(folder);
            code.ShouldBe(taken.ContainsKey(key) ? ExitCode.Success : ExitCode.UserError, key + error);
            if (taken.TryGetValue(key, out var read))
            {
                using (var imported = TrainedModel.Open(Target, step: null, Context(TextWriter.Null), memory: static _ => { }))
                    read(imported.Facts.Model).ShouldBe(other, key);
                Directory.Delete(Target, recursive: true);
            }

            folder.Set(key, value!.ToJsonString());
        }
    }

    [Fact]
    public void What_published_models_carry_beside_their_weights_is_no_hindrance()
    {
        var gpt2 = Good(ModelFamily.Gpt2);
        foreach (var (key, json) in new[]
                 {
                     ("task_specific_params", """{"text-generation":{"do_sample":true}}"""), ("summary_type", "\"cls_index\""),
                         ("attn_pdrop", "0.1"), ("pruned_heads", "{}"),
                     ("sliding_window", "null"), ("transformers_version", "\"4.50\""), ("eos_token_id", "[256]"),
                         ("architectures", "[\"GPT2Model\"]"),
                 })
            gpt2.Set(key, json);
        gpt2.Write(gpt2.Tensors()
            .Select(static tensor => tensor with { Name = tensor.Name.Replace("transformer.", "", StringComparison.Ordinal) })
            .Append(new RawTensor("h.0.attn.bias", "BOOL", [1, 1, 9, 9], ImportRefusals.Mask(9)))
            .Append(new RawTensor("h.1.attn.masked_bias", "F32", [], BitConverter.GetBytes(-1e4f)))
            .Append(new RawTensor("h.0.attn.masked_bias", "BF16", [1], [0x1C, 0xC6]))
            .Append(new RawTensor("h.1.attn.bias", "F64", [1, 1, 9, 9],
                [.. ImportRefusals.Mask(9).SelectMany(static one => BitConverter.GetBytes((double)one))]))
            .Append(gpt2.Tensors().Single(static tensor => tensor.Name == "transformer.wte.weight") with { Name = "lm_head.weight" }));
        Import(gpt2).Code.ShouldBe(ExitCode.Success);
        Directory.Delete(Target, recursive: true);

        var llama = Good(ModelFamily.Llama);
        llama.Set("rope_theta", null);
        llama.Set("rope_parameters", """{"rope_type":"default","rope_theta":10000.0}""");
        llama.Add(new RawTensor("model.layers.0.self_attn.rotary_emb.inv_freq", "F32", [ImportRefusals.Pairs], ImportRefusals.Frequencies(10_000)));
        llama.Add(new RawTensor("model.rotary_emb.inv_freq", "F64", [ImportRefusals.Pairs],
            ImportRefusals.Doubled(ImportRefusals.Frequencies(10_000))));
        llama.Set("pad_token_id", "263");
        llama.Shard();
        Import(llama).Code.ShouldBe(ExitCode.Success);
        Directory.Delete(Target, recursive: true);
        llama.Set("metadata", "{}", "model.safetensors.index.json");
        Import(llama).Code.ShouldBe(ExitCode.Success);
    }

    // Earlier versions of transformers divided positions instead of frequencies.
    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void Frequencies_of_a_linear_scaling_are_accepted_with_and_without_it(double factor)
    {
        var llama = Good(ModelFamily.Llama);
        llama.Set("rope_scaling", """{"type":"linear","factor":4.0}""");
        byte[] scaled = [.. ImportRefusals.Frequencies(10_000).Chunk(4)
            .SelectMany(plain => BitConverter.GetBytes((float)(BitConverter.ToSingle(plain) / factor)))];
        llama.Add(new RawTensor("model.rotary_emb.inv_freq", "F32", [ImportRefusals.Pairs], scaled));
        Import(llama).Code.ShouldBe(ExitCode.Success);
        using var imported = TrainedModel.Open(Target, step: null, Context(TextWriter.Null), memory: static _ => { });
        imported.Facts.Model.RopeScaling.ShouldBe(new RopeScaling { Type = RopeScalingType.Linear, Factor = 4 });
    }

    /// <summary>What is done to a good model that is imported all the same, and what the output must name.</summary>
    public static TheoryData<string, string, string, string> Said => new()
    {
        { "config.json", "torch_dtype", "\"bfloat16\"", "torch_dtype | BF16 | F32" },
        { "config.json", "dtype", "\"float16\"", "dtype | F16 | F32" },
        { "config.json", "temperature", "0.7", "temperature: 0.7" },
        { "config.json", "task_specific_params", "{\"text-generation\":{\"do_sample\":true}}", "task_specific_params | do_sample" },
        { "generation_config.json", "temperature", "0.6", "temperature: 0.6" },
        { "generation_config.json", "repetition_penalty", "1.1", "repetition_penalty: 1.1" },
        { "generation_config.json", "suppress_tokens", "[3]", "suppress_tokens: [3]" },
        { "generation_config.json", "forced_eos_token_id", "2", "forced_eos_token_id: 2" },
        { "vocab.json", "a", "1", "vocab.json" },
        { "b.safetensors", "a", "1", "b.safetensors | model.safetensors" },
    };

    [Theory]
    [MemberData(nameof(Said))]
    public void What_is_not_taken_over_is_said_in_one_line(string file, string key, string value, string named)
    {
        var folder = Good(ModelFamily.Llama);
        if (!File.Exists(folder.At(file)))
            File.WriteAllText(folder.At(file), "{}");
        folder.Set(key, value, file);
        var lines = Output(folder);
        lines.Length.ShouldBe(2, string.Join('\n', lines));
        lines[0].ShouldName(named, folder.Path, file);
    }

    [Fact]
    public void Shards_that_an_index_does_not_name_are_not_taken_over()
    {
        var folder = Good(ModelFamily.Llama);
        folder.Shard();
        Output(folder).Length.ShouldBe(1);
        File.Copy(folder.At("b.safetensors"), folder.At("c.safetensors"));
        var lines = Output(folder);
        lines.Length.ShouldBe(2, string.Join('\n', lines));
        lines[0].ShouldName("c.safetensors", folder.Path, "model.safetensors.index.json");
        lines[0].ShouldNotContain("b.safetensors");
    }

    [Fact]
    public void Nothing_is_said_of_what_is_taken_over_or_changes_nothing()
    {
        var folder = Good(ModelFamily.Gpt2);
        Output(folder).Length.ShouldBe(1);
        foreach (var dtype in new[] { "\"float32\"", "\"torch.float32\"", null })
        {
            folder.Set("torch_dtype", dtype);
            File.WriteAllText(folder.At("generation_config.json"),
                """{"_from_model_config":true,"bos_token_id":256,"eos_token_id":[256],"pad_token_id":0,"transformers_version":"5","top_k":null}""");
            File.WriteAllText(folder.At("special_tokens_map.json"), """{"eos_token":"<|endoftext|>"}""");
            Output(folder).Length.ShouldBe(1, dtype);
        }

        folder.Set("torch_dtype", "\"bfloat16\"");
        folder.Write(folder.Tensors().Select(static tensor => tensor with
        {
            Dtype = "BF16",
            Bytes = [.. tensor.Bytes.Chunk(4).SelectMany(static value => value[2..])],
        }));
        Output(folder).Length.ShouldBe(1);
        folder.Change("transformer.ln_f.bias", static tensor => tensor with { Dtype = "F32", Bytes = new byte[4 * 12] });
        folder.Change("transformer.ln_f.weight", static tensor => tensor with { Dtype = "F16" });
        Output(folder)[0].ShouldName("torch_dtype", "2 of ", "F16 or F32");
    }

    [Fact]
    public void Special_tokens_are_taken_from_a_generation_config_where_the_config_has_none()
    {
        var folder = Good(ModelFamily.Gpt2);
        folder.Set("bos_token_id", null);
        folder.Set("eos_token_id", null);
        File.WriteAllText(folder.At("generation_config.json"), """{"eos_token_id":7}""");
        Import(folder).Error.ShouldName("eos_token_id 7", "256");
        folder.Set("eos_token_id", "[256]", "generation_config.json");
        Import(folder).Code.ShouldBe(ExitCode.Success);
        using var imported = TrainedModel.Open(Target, step: null, Context(TextWriter.Null), memory: static _ => { });
        TokenizerCheck.TokensOf(imported.Facts).ShouldBe((null, 256));
    }

    [Fact]
    public void Files_of_a_tokenizer_that_cannot_be_imported_are_named()
    {
        var folder = Good(ModelFamily.Gpt2);
        File.Delete(folder.At("actortrain-tokenizer.json"));
        File.WriteAllText(folder.At("merges.txt"), "");
        string.Join('\n', Output(folder)).ShouldName("tokenizer.json, tokenizer_config.json, merges.txt", Path.Combine(Target, "tokenizer"));
        folder.Set("bos_token_id", "7");
        string.Join('\n', Output(folder)).ShouldName("bos_token_id 7", "eos_token_id 256");
    }

    [Theory]
    [InlineData(7, 9, ModelFolder.Vocabulary, false)]
    [InlineData(null, 50, ModelFolder.Vocabulary, false)]
    [InlineData(50, null, ModelFolder.Vocabulary, false)]
    [InlineData(1, 1, ModelFolder.Vocabulary, false)]
    [InlineData(1, null, 300, true)]
    [InlineData(256, 256, 257, true)]
    [InlineData(null, null, 257, true)]
    [InlineData(null, null, 256, false)]
    public void A_tokenizer_is_advised_only_where_one_fits(int? begin, int? end, int vocabulary, bool fits)
    {
        var folder = Good(ModelFamily.Gpt2);
        var description = folder.At("actortrain-tokenizer.json");
        var bytes = File.ReadAllText(description);
        folder.Set("bos_token_id", begin?.ToString(System.Globalization.CultureInfo.InvariantCulture));
        folder.Set("eos_token_id", end?.ToString(System.Globalization.CultureInfo.InvariantCulture));
        folder.Set("vocab_size", $"{vocabulary}");
        folder.Change("transformer.wte.weight", tensor => tensor with { Shape = [vocabulary, 12], Bytes = new byte[4 * vocabulary * 12] });
        if (!fits)
        {
            // The tokenizer beside it is refused, with an advice that can be followed.
            Import(folder).Error.ShouldName($"remove {description}");
        }

        File.Delete(description);
        var lines = string.Join('\n', Output(folder));
        lines.Contains("put one into", StringComparison.Ordinal).ShouldBe(fits, lines);
        Import(folder).Code.ShouldBe(ExitCode.Success);
        using var imported = TrainedModel.Open(Target, step: null, Context(TextWriter.Null), memory: static _ => { });
        var refusal = Should.Throw<UserErrorException>(imported.Tokenizer).Message;
        refusal.Contains(imported.TokenizerPath, StringComparison.Ordinal).ShouldBe(fits, refusal);
        Directory.CreateDirectory(imported.TokenizerPath);
        if (fits && begin != 1)
        {
            File.WriteAllText(Path.Combine(imported.TokenizerPath, "actortrain-tokenizer.json"), bytes);
            imported.Tokenizer().EndOfText.ShouldBe(256);
        }
        else if (fits)
        {
            using var words = SentencePieceTraining.Train(TokenizerKind.Bpe, 300, [System.Text.Encoding.UTF8.GetBytes(Words)]);
            words.Save(imported.TokenizerPath);
            imported.Tokenizer().EndOfText.ShouldBe(1);
        }
        else
        {
            File.WriteAllText(Path.Combine(imported.TokenizerPath, "actortrain-tokenizer.json"), bytes);
            Should.Throw<UserErrorException>(imported.Tokenizer).Message.ShouldName($"remove {imported.TokenizerPath}");
        }
    }

    [Fact]
    public void A_model_that_memory_does_not_suffice_for_is_refused_before_memory_is_taken()
    {
        var folder = Good(ModelFamily.Gpt2);
        folder.Enlarge(new Dictionary<long, long> { [12] = 99_999, [36] = 299_997, [ModelFolder.Vocabulary] = 1_000_000 });
        folder.Set("n_embd", "99999");
        folder.Set("vocab_size", "1000000");
        var (code, error) = Import(folder);
        code.ShouldBe(ExitCode.UserError, error);
        error.ShouldContain("GiB");
        error.ShouldContain("--force");
        Directory.Exists(Target).ShouldBeFalse();
    }

    [Theory]
    [InlineData(ModelFamily.Gpt2)]
    [InlineData(ModelFamily.Llama)]
    public void Text_is_written_with_a_model_that_has_more_ids_than_its_tokenizer(ModelFamily family)
    {
        Import(Good(family)).Code.ShouldBe(ExitCode.Success);
        foreach (var isGreedy in new[] { true, false })
        {
            using var output = new StringWriter();
            var sampling = new SamplingOptions { Temperature = isGreedy ? 0 : 20, Seed = 3 };
            var request = new GenerateRequest(Target, "ab", Tokens: 300, sampling, Samples: 2, Stop: []);
            GenerateCommand.Run(request, new CommandContext(output, TextWriter.Null, false, TimeProvider.System))
                .ShouldBe(ExitCode.Success);
            output.ToString().ShouldStartWith("ab");
        }
    }

    [Fact]
    public void A_tokenizer_that_is_put_beside_an_imported_model_later_must_be_its_own()
    {
        var folder = Good(ModelFamily.Gpt2);
        folder.Set("bos_token_id", "7");
        folder.Set("eos_token_id", "9");
        var tokenizer = folder.At("actortrain-tokenizer.json");
        var description = File.ReadAllText(tokenizer);
        File.Delete(tokenizer);
        Import(folder).Code.ShouldBe(ExitCode.Success);
        Directory.CreateDirectory(Path.Combine(Target, "tokenizer"));
        File.WriteAllText(Path.Combine(Target, "tokenizer", "actortrain-tokenizer.json"), description);
        using var imported = TrainedModel.Open(Target, step: null, Context(TextWriter.Null), memory: static _ => { });
        Should.Throw<UserErrorException>(imported.Tokenizer).Message.ShouldContain("bos_token_id 7");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_import_that_cannot_be_written_leaves_the_folder_as_it_was(bool wasThere)
    {
        // Its name still fits, those of the files in it do not.
        var target = runs.Path;
        while (target.Length < 3800)
            target = Path.Combine(target, new string('a', 200));
        Directory.CreateDirectory(target);
        target = Path.Combine(target, new string('b', 4070 - target.Length));
        if (wasThere)
            Directory.CreateDirectory(target);
        var before = Snapshot();
        Should.Throw<UserErrorException>(
            () => ImportCommand.Run(new ImportRequest(Good(ModelFamily.Gpt2).Path, target), Context(TextWriter.Null)));
        Directory.Exists(target).ShouldBe(wasThere);
        Snapshot().Split('\n').Where(static line => !line.Contains("Gpt2-", StringComparison.Ordinal)).ShouldBe(before.Split('\n'));
    }

    [Fact]
    public void An_export_without_a_tokenizer_says_so()
    {
        var folder = Good(ModelFamily.Gpt2);
        Import(folder).Code.ShouldBe(ExitCode.Success);
        Export().ShouldBe(1);
        Directory.Move(Path.Combine(Target, "tokenizer"), Path.Combine(runs.Path, "aside"));
        Export().ShouldBe(2);

        int Export()
        {
            using var output = new StringWriter { NewLine = "\n" };
            var again = Path.Combine(runs.Path, "again");
            ExportCommand.Run(new ExportRequest(Target, "huggingface", again, null, Force: true),
                new CommandContext(output, TextWriter.Null, false, TimeProvider.System)).ShouldBe(ExitCode.Success);
            return output.ToString().Count(static letter => letter == '\n');
        }
    }

    [Fact]
    public void Special_tokens_of_a_model_without_a_tokenizer_are_exported_again()
    {
        var folder = Good(ModelFamily.Gpt2);
        folder.Set("bos_token_id", "7");
        folder.Set("eos_token_id", "9");
        File.Delete(folder.At("actortrain-tokenizer.json"));
        Import(folder).Code.ShouldBe(ExitCode.Success);
        var again = new ModelFolder(Path.Combine(runs.Path, "again"));
        ExportCommand.Run(new ExportRequest(Target, "huggingface", again.Path, null, false), Context(TextWriter.Null))
            .ShouldBe(ExitCode.Success);
        ((int)again.Config["bos_token_id"]!, (int)again.Config["eos_token_id"]!).ShouldBe((7, 9));
        again.Tensors().ShouldBe(folder.Tensors(), comparer: new SameTensor());
    }

    private ModelFolder Good(ModelFamily family) => ModelFolder.Export(Path.Combine(runs.Path, $"{family}-{Guid.NewGuid():N}"), family);

    private (int Code, string Error) Import(ModelFolder folder)
    {
        using var error = new StringWriter { NewLine = "\n" };
        var context = Context(error);
        var code = CommandLine.Run(["import", folder.Path, "--output", Target], AllCommands.Define(), context);
        return (code, error.ToString());
    }

    /// <summary>The lines of a successful import, which is undone.</summary>
    private string[] Output(ModelFolder folder)
    {
        using var output = new StringWriter { NewLine = "\n" };
        ImportCommand.Run(new ImportRequest(folder.Path, Target), new CommandContext(output, TextWriter.Null, false, TimeProvider.System))
            .ShouldBe(ExitCode.Success);
        Directory.Delete(Target, recursive: true);
        return output.ToString().TrimEnd('\n').Split('\n');
    }

    private static CommandContext Context(TextWriter error) => new(TextWriter.Null, error, false, TimeProvider.System);

    private string Snapshot() =>
        string.Join('\n', Directory.EnumerateFileSystemEntries(runs.Path, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
        .Select(static path => $"{path} {(File.Exists(path) ? Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(path))) : "")}"));

    private sealed class SameTensor : IEqualityComparer<RawTensor>
    {
        public bool Equals(RawTensor? x, RawTensor? y) =>
            x is not null && y is not null && (x.Name, x.Dtype) == (y.Name, y.Dtype) && x.Shape.SequenceEqual(y.Shape)
                && x.Bytes.SequenceEqual(y.Bytes);

        public int GetHashCode(RawTensor tensor) => tensor.Name.GetHashCode(StringComparison.Ordinal);
    }
}
