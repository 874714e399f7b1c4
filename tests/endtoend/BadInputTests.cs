namespace ActorTrain.EndToEnd.Tests;

/// <summary>Bad input is refused with one sentence and exit code 2, and nothing on disk has changed.</summary>
[Collection(nameof(TrainedRuns))]
public sealed class BadInputTests(TrainedRuns real)
{
    private const string Train = "pretrain --set run.name=new --set model.context=32";

    [Theory]
    [InlineData("--input bad.txt", "bad.txt is not UTF-8 at byte 14", "--lenient")]
    [InlineData("--input empty.txt", "empty.txt is empty")]
    [InlineData("--input text.txt empty.txt", "empty.txt is empty")]
    [InlineData("--input text.txt bad.txt", "bad.txt is not UTF-8 at byte 14")]
    [InlineData("--input nowhere.txt", "nowhere.txt does not exist", "--input")]
    [InlineData("--input nothing*.txt", "nothing*.txt matches no file")]
    [InlineData("--input field.jsonl", "field.jsonl, line 2", "--text-field")]
    [InlineData("--input broken.jsonl", "broken.jsonl, line 1, is not a JSON object")]
    [InlineData("--input short.gz", "short.gz")]
    [InlineData("--input text.txt --tokenizer bpee", "--tokenizer is 'bpee'", "did you mean 'bpe'?")]
    [InlineData("--input text.txt --tokenizer bpe --vocabulary-size 999999", "--vocabulary-size")]
    [InlineData("--input text.txt --vocabulary-size 257", "--vocabulary-size is '257'", "from 300 to 1000000")]
    [InlineData("--input text.txt --held-out 0.6", "--held-out is '0.6'", "at most 0.5")]
    [InlineData("--input text.txt --shard-tokens 10", "--shard-tokens is '10'")]
    [InlineData("--input text.txt --tokenizer-sample-bytes 0", "--tokenizer-sample-bytes is '0'")]
    [InlineData("--input text.txt --tokenizer-from nowhere", "nowhere has no tokenizer", "--tokenizer-from")]
    [InlineData("--input text.txt --vocabulary 300", "no option '--vocabulary'", "did you mean '--vocabulary-size'?")]
    [InlineData("", "prepare needs --input PATH...")]
    public void Prepare_refuses(string line, params string[] said)
    {
        File.WriteAllBytes(real.At("bad.txt"), [.. "good text\nbad "u8, 0xFF, 0xFE, .. " here"u8]);
        File.WriteAllText(real.At("empty.txt"), "");
        File.WriteAllText(real.At("field.jsonl"), "{\"text\": \"good\"}\n{\"txt\": \"bad\"}\n");
        File.WriteAllText(real.At("broken.jsonl"), "{\"text\": \n");
        using (var gzip = new System.IO.Compression.GZipStream(File.Create(real.At("whole.gz")),
            System.IO.Compression.CompressionLevel.Fastest))
            gzip.Write(File.ReadAllBytes(real.At("text.txt")));
        File.WriteAllBytes(real.At("short.gz"), File.ReadAllBytes(real.At("whole.gz"))[..5000]);
        Refused($"prepare --output not/there/yet {line}", said);
    }

    [Fact]
    public void Prepare_replaces_what_is_not_UTF8_where_it_is_told_to()
    {
        File.WriteAllBytes(real.At("latin.txt"), [.. "caf"u8, 0xE9, .. " noir"u8]);
        real.Run("prepare", "--input", "latin.txt", "--output", "lenient", "--tokenizer", "bytes", "--lenient", "--held-out", "0")
            .ShouldSucceed();
        File.ReadAllBytes(real.At("lenient", "train-00000.bin")).Chunk(2).Select(static id => id[1] == 0 ? id[0] : -1)
            .ShouldBe("caf\uFFFD noir"u8.ToArray().Select(static letter => (int)letter).Append(-1));
    }

    [Fact]
    public void Prepare_says_what_it_skips_and_replaces()
    {
        Directory.CreateDirectory(real.At("mixed", ".git"));
        foreach (var name in new[] { "notes.doc", ".draft.txt", ".git/config.txt" })
            File.WriteAllText(real.At("mixed", name), "text");
        File.WriteAllText(real.At("mixed", "empty.txt"), "");
        File.WriteAllText(real.At("mixed", "records.jsonl"), "{\"text\": \"good\"}\n{\"text\": \"\"}\n");
        File.WriteAllBytes(real.At("mixed", "latin.txt"), [.. "caf"u8, 0xE9, .. " cr"u8, 0xE8, .. "me"u8]);
        var said = real.Run("prepare", "--input", "mixed", "--output", "mixed-data", "--tokenizer", "bytes", "--held-out", "0", "--lenient")
            .ShouldSucceed().Output;
        said.ShouldName("1 .doc", "2 hidden", "mixed/.git/", "mixed/.draft.txt", "mixed/notes.doc", "1 empty file: mixed/empty.txt",
            "1 empty document in 1 file: mixed/records.jsonl", "2 invalid characters", "1 file: mixed/latin.txt");

        File.WriteAllText(real.At("twice.jsonl"), "{\"text\": \"good\", \"text\": \"which?\"}\n");
        Refused("prepare --input twice.jsonl --output not/there/yet --tokenizer bytes --lenient", "twice.jsonl, line 1", "\"text\"");
    }

    [Fact]
    public void Prepare_replaces_nothing_without_being_told_to()
    {
        Refused("prepare --input text.txt --output data --tokenizer bytes", "data already exists", "--force");
        Refused("prepare --input text.txt --output runs --tokenizer bytes --force", "runs is not prepared data");
        Refused("prepare --input text.txt --output text.txt --tokenizer bytes", "text.txt is a file");
        Refused("prepare --input bad-too.txt --output data --tokenizer bytes --force", "bad-too.txt does not exist");
    }

    [Theory]
    [InlineData("training.stepz=3", "--set training.stepz=3", "did you mean 'training.steps'?")]
    [InlineData("training.dtype=auto", "--set training.dtype=auto", "'actortrain help config' lists all keys")]
    [InlineData("training.steps=0", "--set training.steps=0", "at least 1")]
    [InlineData("training.steps=many", "it must be a whole number")]
    [InlineData("training.steps", "key=value")]
    [InlineData("training.lanes=3", "power of two")]
    [InlineData("training.batch=12", "training.batch 12 is not a multiple of training.lanes 8")]
    [InlineData("training.precision=bf16", "float32 or bfloat16", "did you mean 'bfloat16'?")]
    [InlineData("training.device=gpu", "cpu, cuda or cuda:N")]
    [InlineData("training.device=cuda:999", "training.device is cuda:999")]
    [InlineData("model.heads=7", "model.heads")]
    [InlineData("model.kv_heads=2", "model.kv_heads")]
    [InlineData("model.context=100000000", "model.context")]
    [InlineData("model.context=1000000", "one sequence of 1000000 + 1", "model.context")]
    [InlineData("run.name=../escape", "run.name")]
    [InlineData("data.path=nowhere", "nowhere does not exist", "actortrain prepare --input TEXT --output nowhere")]
    [InlineData("data.path=text.txt", "text.txt is a file", "actortrain prepare --input text.txt --output")]
    [InlineData("data.path=runs", "runs")]
    public void Pretrain_refuses(string setting, params string[] said) => Refused($"{Train} --set data.path=data --set {setting}", said);

    [Theory]
    [InlineData("gpt2 --extend-to 40", "runs/gpt2 already has 40 steps", "--extend-to to more than 40")]
    [InlineData("gpt2 --extend-to 39", "runs/gpt2 already has 40 steps")]
    [InlineData("gpt2 --extend-to 0", "--extend-to is '0'", "at least 1")]
    [InlineData("gpt2 --extend-to many", "--extend-to is 'many'", "a whole number")]
    [InlineData("gpt2 --extend-to 1e3", "--extend-to is '1e3'")]
    [InlineData("gpt2 --extend-to", "--extend-to")]
    [InlineData("gpt2 --fresh --extend-to 50", "--extend-to and --fresh")]
    [InlineData("gpt2 --extend-to 50 --set training.seed=8", "training.seed (1 in the run, 8 now)")]
    [InlineData("gpt2 --extend-to 50 --set training.steps=60", "training.steps is now 60", "--extend-to 60")]
    [InlineData("gpt2 --set training.steps=60", "runs/gpt2 has 40 steps", "--extend-to 60", "training.steps 40")]
    [InlineData("gpt2 --set training.steps=60 --set training.seed=8",
        "training.steps (40 in the run, 60 now), training.seed (1 in the run, 8 now)")]
    [InlineData("gpt2 --set training.steps=30", "training.steps (40 in the run, 30 now)")]
    [InlineData("new --extend-to 50", "There is no run in runs/new to extend", "--extend-to")]
    [InlineData("none/new --extend-to 50", "run.name")]
    public void Pretrain_does_not_extend(string line, params string[] said)
    {
        var words = line.Split(' ');
        Refused(string.Join(' ', [.. TrainedRuns.Small(words[0]), .. words[1..]]), said);
    }

    [Theory]
    [InlineData("trainig:\n  steps: 3", "bad.yaml:3", "did you mean 'training'?")]
    [InlineData("training:\n  stepz: 3", "bad.yaml:4", "did you mean 'training.steps'?")]
    [InlineData("training:\n  steps: many", "bad.yaml:4", "training.steps is 'many'")]
    [InlineData("training:\n  steps:", "bad.yaml:4", "empty")]
    [InlineData("steps: 3", "bad.yaml:3", "under 'training:'")]
    [InlineData("training:\n  steps: [1", "bad.yaml", "invalid YAML")]
    [InlineData("run:\n  name: twice", "bad.yaml", "uplicate")]
    public void A_run_file_is_refused_by_its_line(string yaml, params string[] said)
    {
        File.WriteAllText(real.At("bad.yaml"), $"run:\n  name: new\n{yaml}\n");
        Refused("pretrain bad.yaml --set data.path=data", said);
    }

    [Fact]
    public void Prepared_data_that_do_not_hold_together_are_refused()
    {
        CopyOfData("cut", cut => File.WriteAllBytes(Path.Combine(cut, "train-00000.bin"),
            File.ReadAllBytes(Path.Combine(cut, "train-00000.bin"))[..^100]));
        CopyOfData("lost", lost => File.Delete(Path.Combine(lost, "held-out-00000.bin")));
        CopyOfData("edited", edited => File.WriteAllText(
            Path.Combine(edited, "index.json"), File.ReadAllText(Path.Combine(edited, "index.json"))
                .Replace("\"documents\": 1", "\"documents\": 2", StringComparison.Ordinal)));
        real.Run("prepare", "--input", "text.txt", "--output", "pieces", "--tokenizer", "bpe", "--vocabulary-size", "320").ShouldSucceed();
        CopyOfData("swapped", swapped =>
        {
            foreach (var file in new[] { "actortrain-tokenizer.json", "tokenizer.model" })
                File.Copy(real.At("pieces", file), Path.Combine(swapped, file), overwrite: true);
        });
        File.WriteAllText(real.At("short.txt"), "short");
        real.Run("prepare", "--input", "short.txt", "--output", "short", "--tokenizer", "bytes").ShouldSucceed();

        CopyOfData("flipped", flipped => RunTests.FlipBit(Path.Combine(flipped, "train-00000.bin"), 1000));
        Refused($"{Train} --set data.path=flipped", "flipped/train-00000.bin", "checksum");
        Refused($"{Train} --set data.path=cut", "cut/train-00000.bin is truncated");
        Refused($"{Train} --set data.path=lost", "lost/held-out-00000.bin is missing");
        Refused($"{Train} --set data.path=edited", "edited/index.json is corrupt");
        Refused($"{Train} --set data.path=swapped", "The tokenizer in swapped is not the one");
        Refused($"{Train} --set data.path=short", "short holds 4 tokens", "one sequence of 32 + 1", "model.context");
        Refused("eval gpt2 --data flipped --part train", "flipped/train-00000.bin", "checksum");
        Refused("eval gpt2 --data pieces", "The tokenizer of runs/gpt2 does not match the data in pieces", "--tokenizer-from");
    }

    [Fact]
    public void A_model_of_which_a_part_is_broken_is_not_imported()
    {
        real.Run("export", "gpt2", "--output", "broken-weights").ShouldSucceed();
        real.Run("export", "gpt2", "--output", "broken-tokenizer").ShouldSucceed();
        real.Run("export", "gpt2", "--output", "other-tokenizer").ShouldSucceed();
        var weights = real.At("broken-weights", "model.safetensors");
        File.WriteAllBytes(weights, File.ReadAllBytes(weights)[..^100]);
        File.WriteAllText(real.At("broken-tokenizer", "actortrain-tokenizer.json"), "{}");
        real.Run("prepare", "--input", "text.txt", "--output", "larger", "--tokenizer", "bpe", "--vocabulary-size", "320").ShouldSucceed();
        foreach (var file in new[] { "actortrain-tokenizer.json", "tokenizer.model" })
            File.Copy(real.At("larger", file), real.At("other-tokenizer", file), overwrite: true);

        Refused("import broken-weights --output new", "broken-weights/model.safetensors");
        Refused("import broken-tokenizer --output new", "broken-tokenizer/actortrain-tokenizer.json");
        Refused("import other-tokenizer --output new", "320 token ids", "only 257");
    }

    [Theory]
    [InlineData("eval", "eval needs RUN")]
    [InlineData("eval nowhere", "There is no run nowhere", "actortrain runs")]
    [InlineData("generate nowhere", "There is no run nowhere")]
    [InlineData("export nowhere --output new", "There is no run nowhere")]
    [InlineData("plot nowhere", "There is no run nowhere")]
    [InlineData("plot data", "There is no run data")]
    [InlineData("generate text.txt", "There is no run text.txt")]
    [InlineData("generate runs", "There is no run runs")]
    [InlineData("generate runs/gpt2/checkpoints", "There is no run")]
    [InlineData("generate gpt2 --temperature 0.0001", "--temperature is '0.0001'")]
    [InlineData("generate gpt2 --top-p 1.5", "--top-p is '1.5'")]
    [InlineData("generate gpt2 --tokns 5", "did you mean '--tokens'?")]
    [InlineData("export gpt2", "export needs --output DIR")]
    [InlineData("export gpt2 --output data --force", "not replaced")]
    [InlineData("export gpt2 --output new --format onnx", "--format is 'onnx'")]
    [InlineData("import nowhere --output new", "nowhere", "config.json")]
    [InlineData("import data --output new", "config.json")]
    [InlineData("import data --output text.txt", "text.txt is a file", "--output")]
    [InlineData("trace gpt2 --output nowhere/a.json", "there is no folder nowhere", "--output")]
    [InlineData("trace gpt2 --output data", "it is a folder", "--output")]
    [InlineData("plot gpt2 --output a.jpg", ".svg or .png")]
    [InlineData("plot gpt2 --output nowhere/a.svg", "there is no folder nowhere")]
    [InlineData("pretrain nowhere.yaml", "'nowhere.yaml': there is no such file")]
    [InlineData("pretrain data", "'data': it is a folder")]
    [InlineData("generate no\nwhere", "There is no run no␤where")]
    [InlineData("generte gpt2", "did you mean 'generate'?")]
    [InlineData("help confg", "did you mean 'config'?")]
    [InlineData("--verbose", "no option '--verbose'")]
    public void A_line_is_refused(string line, params string[] said) => Refused(line, said);

    [Fact]
    public void A_step_without_a_checkpoint_is_answered_with_those_that_have_one()
    {
        // Which ones, the speed of the disk decides.
        var steps = real.Checkpoints("gpt2").Select(static folder => int.Parse(Path.GetFileName(folder)["step-".Length..]));
        Refused("export gpt2 --output new --checkpoint 7", "no checkpoint at step 7", string.Join(", ", steps));
    }

    [Theory]
    [InlineData("import data --output", "--output is empty")]
    [InlineData("export gpt2 --output", "--output is empty")]
    [InlineData("trace gpt2 --output", "--output is empty")]
    [InlineData("prepare --output new --input", "--input is empty")]
    [InlineData("plot", "RUN is empty")]
    public void A_name_without_a_letter_is_refused(string line, params string[] said)
    {
        var before = real.Snapshot();
        real.Run([.. line.Split(' '), ""]).ShouldRefuse(said);
        real.Snapshot().ShouldBe(before);
    }

    private void Refused(string line, params string[] said)
    {
        var before = real.Snapshot();
        real.Run(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).ShouldRefuse(said);
        real.Snapshot().ShouldBe(before);
    }

    private void CopyOfData(string name, Action<string> change)
    {
        var copy = Directory.CreateDirectory(real.At(name)).FullName;
        foreach (var file in Directory.EnumerateFiles(real.At("data")))
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)), overwrite: true);
        change(copy);
    }
}
