using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using ActorTrain.Data.Chats;
using ActorTrain.Data.Preparation;
using ActorTrain.Data.Rewards;
using ActorTrain.Data.Shards;
using ActorTrain.Data.Sources;
using ActorTrain.Data.Tasks;
using ActorTrain.Data.Tokenizers;
using ActorTrain.Host.Cli;
using ActorTrain.Host.Commands;
using ActorTrain.Models;
using ActorTrain.Models.Options;

namespace ActorTrain.Host.Tests;

/// <summary>Every advice that preparing text and opening prepared data give is followed as a person would: the complaint is gone, though
/// another may come.</summary>
public sealed partial class AdviceTests : IDisposable
{
    private static readonly string Words =
        string.Concat(Enumerable.Range(0, 4000).Select(static i => $"word{i % 97} and {i % 89} of them\n"));

    /// <summary>What no test can bring about here.</summary>
    private static readonly string[] OutOfReach =
    [
        "The SentencePiece tokenizer's library libactortrain_tokenizer.so was not found: ",
        "; change its permissions, or remove it from --input.",
        " has a document of more than ",
        "free some space or choose another with --output.",
    ];

    private readonly AdviceFolder folder = new();
    private readonly List<string> complaints = [];

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Every_advice_can_be_followed()
    {
        Inputs();
        Texts();
        Options();
        Outputs();
        Tokenizers();
        Stores();
        Chats();
        Rewards();

        var sites = AdviceSites.All().ToList();
        sites.Count.ShouldBeGreaterThan(40);
        foreach (var site in sites.Except(OutOfReach))
            complaints.ShouldContain(complaint => complaint.Contains(site, StringComparison.Ordinal),
                $"no case of this test gives \"{site}\"");
        OutOfReach.ShouldAllBe(site => sites.Contains(site));
    }

    private void Inputs()
    {
        var text = folder.Write("text.txt", Words);
        Follow(folder.At("nothing.txt"), text);
        Directory.CreateDirectory(folder.At("folder"));
        Follow(folder.At("folder"), folder.At("*.txt"));
        folder.Write("folder/a.csv", Words);
        Follow(folder.At("folder"), folder.At("folder/*.csv"));
        Follow(folder.At("*.nothing"), folder.At("*.txt"));

        using (var pipe = new System.IO.Pipes.AnonymousPipeServerStream(System.IO.Pipes.PipeDirection.Out))
            Follow($"/proc/self/fd/{pipe.ClientSafePipeHandle.DangerousGetHandle()}", text);
        folder.Shell("ln -s nowhere.txt link.txt");
        Follow(folder.At("link.txt"), () => folder.Shell("ln -sf text.txt link.txt"));
        Follow(folder.Write("plain.gz", Words), () => folder.Rename("plain.gz", "plain.txt"));

        var whole = AdviceFolder.Gzipped(Encoding.UTF8.GetBytes(Words));
        Follow(folder.Write("short.gz", whole[..(whole.Length / 2)]), () => folder.Write("short.gz", whole));
        Follow(folder.Write("more.gz", [.. whole, .. "more"u8]),
            () => folder.Shell("gunzip -qc more.gz > kept; gzip -c kept > more.gz"));
        folder.Write("empty.txt", "");
        Follow([folder.At("empty.txt"), text], [text]);
        Advised([folder.At("empty.txt"), text], "--lenient");

        // Of formats that are refused by name, the command that the sentence names is called.
        FollowCommand(folder.Write("twice.gz", AdviceFolder.Gzipped(whole)), "gunzip", "gunzip -c twice.gz > once.gz", "once.gz");
        FollowCommand(folder.Write("wide.txt", Encoding.Unicode.GetBytes(Words)), "iconv -f UTF-16LE -t UTF-8",
            "iconv -f UTF-16LE -t UTF-8 wide.txt > narrow.txt", "narrow.txt");
        FollowCommand(folder.Write("wide2.txt", Encoding.BigEndianUnicode.GetBytes(Words)), "iconv -f UTF-16BE -t UTF-8",
            "iconv -f UTF-16BE -t UTF-8 wide2.txt > narrow2.txt", "narrow2.txt");
        folder.Shell("xz -kc text.txt > text.xz; bzip2 -kc text.txt > text.bz2; tar -cf text.tar text.txt");
        FollowCommand(folder.At("text.xz"), "xz -d", "xz -d text.xz", "text");
        FollowCommand(folder.At("text.bz2"), "bunzip2", "rm text; bunzip2 text.bz2", "text");
        FollowCommand(folder.At("text.tar"), "tar -xf", "rm text.txt; tar -xf text.tar", "text.txt");
    }

    private void Texts()
    {
        byte[] latin = [.. "caf"u8, 0xE9, .. " noir, and more of it"u8];
        Follow(folder.Write("latin.txt", latin), () => folder.Shell("iconv -f LATIN1 -t UTF-8 latin.txt > utf8.txt; mv utf8.txt latin.txt"));
        Advised([folder.Write("latin.txt", latin)], "--lenient");
        byte[] half = [0xFF, 0xFE, .. Encoding.Unicode.GetBytes("good "), 0x00, 0xD8, 0x61, 0x00];
        Advised([folder.Write("half.txt", half)], "--lenient");

        var field = folder.Write("field.jsonl", """{"a":{"b":"text within"}}""");
        Run(() => Prepare("--input", field)).ShouldNotBeNull().ShouldContain("--text-field (a.b for");
        Changed(() => Prepare("--input", field), () => Prepare("--input", field, "--text-field", "a.b"));
        Follow(folder.Write("broken.jsonl", "{\"text\":\"good\"}\n{\"text\": "), () => folder.Write("broken.jsonl", "{\"text\":\"good\"}\n"));
        Advised([folder.Write("surrogate.jsonl", """{"text":"a\ud800"}""")], "--lenient");
        Follow(folder.Write("twice.jsonl", """{"text":"a","text":"b"}"""), () => folder.Write("twice.jsonl", """{"text":"b"}"""));

        Follow(folder.Write("one.txt", "x"), () => folder.Write("one.txt", "xy"));
        Advised([folder.Write("one.txt", "x")], "--held-out", "0");
        Changed(() => Prepare("--input", folder.At("empty.txt"), "--lenient"), () => Prepare("--input", folder.At("text.txt"), "--lenient"));
    }

    private void Options()
    {
        var good = new PreparationOptions
        {
            Source = new SourceOptions { Inputs = [folder.At("text.txt")] },
            Output = folder.At("options"),
            Tokenizer = TokenizerKind.Bytes
        };
        void Becomes(PreparationOptions bad, PreparationOptions better) => Changed(() => bad.Require(), () => better.Require());
        Becomes(good with { Output = " " }, good);
        Becomes(good with { Source = good.Source with { Inputs = [] } }, good);
        Becomes(good with { Source = good.Source with { Inputs = [" "] } }, good);
        Becomes(good with { Source = good.Source with { TextField = "" } }, good);
        Becomes(good with { Source = good.Source with { DocumentSeparator = "" } },
            good with { Source = good.Source with { DocumentSeparator = null } });
        Becomes(good with { Tokenizer = (TokenizerKind)9 }, good with { Tokenizer = TokenizerKind.Unigram });
        InRange(good with { Tokenizer = TokenizerKind.Bpe, VocabularySize = 267 },
            static (options, value) => options with { VocabularySize = (int)value });
        InRange(good with { ValidationFraction = 0.7 }, static (options, value) => options with { ValidationFraction = value });
        InRange(good with { TokenizerSampleBytes = 0 }, static (options, value) => options with { TokenizerSampleBytes = (long)value });
        InRange(good with { ShardTokens = 0 }, static (options, value) => options with { ShardTokens = (long)value });

        // Each bound that the sentence names.
        void InRange(PreparationOptions bad, Func<PreparationOptions, double, PreparationOptions> with)
        {
            var advice = Run(() => bad.Require()).ShouldNotBeNull().Split("must be ", 2)[1];
            var bounds = Number().Matches(advice).Select(static number => double.Parse(number.Value, CultureInfo.InvariantCulture))
                .ToList();
            bounds.ShouldNotBeEmpty(advice);
            foreach (var bound in bounds)
                Changed(() => bad.Require(), () => with(bad, bound).Require());
        }
    }

    private void Outputs()
    {
        string[] Into(string output, params string[] more) => ["--input", folder.At("text.txt"), "--output", folder.At(output), .. more];
        Run(() => Prepare(Into("made"))).ShouldBeNull();
        Changed(() => Prepare(Into("made")), () => Prepare(Into("another")));
        Changed(() => Prepare(Into("made")), () => Prepare(Into("made", "--force")));
        Changed(() => Prepare(Into("text.txt")), () => Prepare(Into("another", "--force")));
        Changed(() => Prepare(Into("text.txt/below")), () => Prepare(Into("another", "--force")));
        Changed(() => Prepare(Into("folder", "--force")), () => Prepare(Into("another", "--force")));
        Changed(() => Prepare("--input", folder.At("text.txt"), "--output", "/"), () => Prepare(Into("another", "--force")));
        Changed(() => CorpusPreparation.Run(Of("/")), () => CorpusPreparation.Run(Of(folder.At("another"))));
        Directory.CreateDirectory(folder.At(".busy.partial"));
        using (new FileStream(folder.At(".busy.partial/lock"), FileMode.Create, FileAccess.ReadWrite, FileShare.None))
            Changed(() => Prepare(Into("busy")), () => Prepare(Into("another", "--force")));

        PreparationOptions Of(string output) => new()
        {
            Source = new SourceOptions { Inputs = [folder.At("text.txt")] },
            Output = output,
            Tokenizer = TokenizerKind.Bytes,
            Force = true
        };
    }

    private void Tokenizers()
    {
        string[] With(string file, string kind, params string[] more) =>
            ["--input", folder.At(file), "--output", folder.At("tokenized"), "--force", "--tokenizer", kind, .. more];
        string[] From(string other) =>
            ["--input", folder.At("text.txt"), "--output", folder.At("tokenized"), "--force", "--tokenizer-from", folder.At(other)];
        Changed(() => Prepare(From("nowhere")), () => Prepare(From("made")));

        folder.Write("lines.txt", string.Concat(Enumerable.Repeat("\n", 500)));
        folder.Write("few.txt", "ab ab ba");
        folder.Write("many.txt", string.Concat(Enumerable.Range(0x4e00, 600).Select(static character => (char)character)));
        folder.Write("alone.txt", string.Concat(Enumerable.Range(0x4e00, 600).Select(static character => (char)character + "\n")));
        folder.Write("dna.txt", string.Concat(Enumerable.Range(0, 3000).Select(static i => "ACGT"[i * i % 13 % 4])));
        foreach (var kind in new[] { "bpe", "unigram" })
        {
            foreach (var file in new[] { "lines.txt", "few.txt", "many.txt", "alone.txt", "dna.txt", "text.txt" })
            {
                // Until it succeeds; a circle of advice would never end.
                var size = "20000";
                string[] line = With(file, kind, "--vocabulary-size", size);
                for (var turns = 0; Run(() => Prepare(line)) is { } complaint; turns++)
                {
                    turns.ShouldBeLessThan(3, complaint);
                    var fix = Fix().Match(complaint);
                    fix.Success.ShouldBeTrue(complaint);
                    line = fix.Groups["option"].Value == "--tokenizer" ? With(file, fix.Groups["value"].Value)
                        : With(file, kind, "--vocabulary-size", fix.Groups["value"].Value);
                }
            }
        }

        // What stands between is refused by its sentence, and the number in it is the least that is accepted.
        var least = Run(() => Prepare(With("alone.txt", "bpe", "--vocabulary-size", "300"))).ShouldNotBeNull();
        Run(() => Prepare(With("alone.txt", "bpe", "--vocabulary-size", Fix().Match(least).Groups["value"].Value))).ShouldBeNull();
        Changed(() => SentencePieceTraining.Train(TokenizerKind.Bpe, 300, [Encoding.UTF8.GetBytes("\n")]),
            () => Prepare(With("lines.txt", "bytes")));
    }

    private void Stores()
    {
        var index = folder.At("made/index.json");
        Changed(() => Open("none"), () => Make(Advised()));
        Changed(() => Open("folder"), () => Make(folder.At("other")));
        Changed(() => Open("text.txt"), () => Make(folder.At("of-file")));
        Broken(() => File.WriteAllText(index, "{"));
        Broken(() => File.WriteAllText(index, File.ReadAllText(index).Replace("\"format\": 1", "\"format\": 7", StringComparison.Ordinal)));
        Broken(() => File.WriteAllText(index, File.ReadAllText(index)
            .Replace("\"documents\": 1", "\"documents\": 2", StringComparison.Ordinal)));
        Broken(() => File.Delete(folder.At("made/train-00000.bin")));
        Broken(() => File.WriteAllText(folder.At("made/train-00000.bin"), "short"));
        Broken(() => folder.Flip("made/train-00000.bin"));
        Broken(() =>
        {
            File.Delete(folder.At("made/train-00000.bin"));
            Directory.CreateDirectory(folder.At("made/train-00000.bin"));
        });
        Broken(() => File.Delete(folder.At("made/actortrain-tokenizer.json")));
        Broken(() => File.WriteAllText(folder.At("made/actortrain-tokenizer.json"), "{"));
        Broken(() => File.WriteAllText(folder.At("made/actortrain-tokenizer.json"), File.ReadAllText(folder.At("made/actortrain-tokenizer.json"))
            .Replace("257", "258", StringComparison.Ordinal)));
        Broken(() => File.WriteAllText(folder.At("made/actortrain-tokenizer.json"), File.ReadAllText(folder.At("made/actortrain-tokenizer.json"))
            .Replace("\"Bytes\"", "9", StringComparison.Ordinal)));
        Broken(() => File.WriteAllText(folder.At("made/actortrain-tokenizer.json"), File.ReadAllText(folder.At("made/actortrain-tokenizer.json"))
            .Replace("\"Bytes\"", "\"Bpe\"", StringComparison.Ordinal)));
        Run(() => Prepare("--input", folder.At("text.txt"), "--output", folder.At("pieces"), "--tokenizer", "bpe", "--vocabulary-size", "300"))
            .ShouldBeNull();
        Broken(() =>
        {
            foreach (var file in new[] { "actortrain-tokenizer.json", "tokenizer.model" })
                File.Copy(folder.At("pieces", file), folder.At("made", file), overwrite: true);
        });
        Broken(() => File.WriteAllBytes(folder.At("made/train-00000.bin"),
            [.. Enumerable.Repeat((byte)0xFF, (int)new FileInfo(folder.At("made/train-00000.bin")).Length)]), Read);

        using var other = TokenStore.Open(folder.At("pieces"));
        Changed(
            () =>
            {
                using var bytes = TokenStore.Open(folder.At("made"));
                other.RequireTokenizer(bytes.Tokenizer.Identity, folder.At("made"));
            },
            () => Prepare("--input", folder.At("text.txt"), "--output", folder.At("pieces2"), "--tokenizer-from", TokenizerFrom().Match(complaints[^1])
                .Groups["folder"].Value));
        HuggingFaceTokenizer.Write(other.Tokenizer, folder.At("pieces"));
        HuggingFaceTokenizer.RequireSame(other.Tokenizer, folder.At("pieces"));
        foreach (var wrong in (string[])["{", "{}"])
        {
            var file = folder.Write("pieces/tokenizer_config.json", wrong);
            Run(() => HuggingFaceTokenizer.RequireSame(other.Tokenizer, folder.At("pieces"))).ShouldNotBeNull().ShouldContain("remove");
            File.Delete(file);
            Run(() => HuggingFaceTokenizer.RequireSame(other.Tokenizer, folder.At("pieces"))).ShouldBeNull();
        }

        Changed(() => other.Train.SampleCount(10_000_000), () => other.Train.SampleCount(100));

        string Advised() => Output().Match(complaints[^1]).Groups["folder"].Value;
        void Make(string output)
        {
            Prepare("--input", folder.At("text.txt"), "--output", output, "--force");
            TokenStore.Open(output).Dispose();
        }

        void Open(string name)
        {
            using var store = TokenStore.Open(folder.At(name));
            store.Verify();
        }

        void Read()
        {
            using var store = TokenStore.Open(folder.At("made"));
            store.Train.Read(0, new long[store.Train.Tokens]);
        }

        // The advice is to prepare again, into the same folder.
        void Broken(Action breaking, Action? use = null)
        {
            use ??= () => Open("made");
            if (Directory.Exists(folder.At("made")))
                Directory.Delete(folder.At("made"), recursive: true);
            Make(folder.At("made"));
            breaking();
            Run(use).ShouldNotBeNull().ShouldContain("`actortrain prepare --force`");
            Changed(use, () =>
            {
                Make(folder.At("made"));
                use();
            });
        }
    }

    private void Chats()
    {
        const string Good = "{\"prompt\":\"q\",\"completion\":\"a\"}\n", Other = "{\"prompt\":\"p\",\"completion\":\"a\"}\n";
        var good = folder.Write("good.jsonl", Good);
        string[] Of(string file, params string[] more) =>
            ["--kind", "chat", "--input", folder.At(file), .. more.Contains("--held-out") ? more : [.. more, "--held-out", "0"]];
        void Becomes(string[] bad, string[] better) => Changed(() => Prepare(bad), () => Prepare(better));

        folder.Write("bad.jsonl", Good + "{}\n");
        Becomes(Of("bad.jsonl"), Of("bad.jsonl", "--lenient"));
        folder.Write("array.jsonl", "[" + Good + "]");
        Becomes(Of("array.jsonl"), Of("good.jsonl"));
        folder.Write("nothing.jsonl", "\n");
        Becomes([.. Of("nothing.jsonl"), "--input", good], [.. Of("nothing.jsonl", "--lenient"), "--input", good]);
        Becomes(Of("nothing.jsonl", "--lenient"), Of("good.jsonl"));
        folder.Write("half.parquet", "PAR1 and no more");
        Becomes(Of("half.parquet"), Of("good.jsonl"));
        Becomes(Of("good.jsonl", "--held-out", "0.1"), Of("good.jsonl", "--held-out", "0"));
        folder.Write("two.jsonl", Good + Other);
        Run(() => Prepare(Of("two.jsonl", "--held-out", "0.1"))).ShouldBeNull();
        Becomes(Of("good.jsonl", "--max-tokens", "3"), Of("good.jsonl", "--max-tokens", "3", "--too-long", "keep-start"));

        Becomes(Of("good.jsonl", "--template", "chatlm"), Of("good.jsonl", "--template", "chatml"));
        Becomes(Of("good.jsonl", "--template", folder.At("folder")), Of("good.jsonl", "--template", "plain"));
        Becomes(Of("good.jsonl", "--template", folder.Write("broken.json", "{")), Of("good.jsonl", "--template", "plain"));
        Becomes(Of("good.jsonl", "--template", folder.Write("empty.json", """{"user": {}, "assistant": {"end": []}}""")),
            Of("good.jsonl", "--template", "plain"));
        Becomes(Of("good.jsonl", "--special", " "), Of("good.jsonl", "--special", "<|im_start|>"));
        Becomes(Of("good.jsonl", "--special", "<|endoftext|>"), Of("good.jsonl"));
        Becomes(Of("good.jsonl", "--template", "plain", "--special", "<a>", "<a>"), Of("good.jsonl", "--special", "<a>"));

        Becomes(Of("good.jsonl", "--tokenizer-from", folder.At("made")),
            Of("good.jsonl", "--tokenizer-from", folder.At("made"), "--template", "plain"));
        Prepare("--input", folder.At("text.txt"), "--output", folder.At("reserved"), "--template", "chatml");
        Run(() => Prepare(Of("good.jsonl", "--tokenizer-from", folder.At("reserved"), "--output", folder.At("chats")))).ShouldBeNull();
        File.WriteAllText(folder.At("reserved/actortrain-tokenizer.json"), File.ReadAllText(folder.At("reserved/actortrain-tokenizer.json"))
            .Replace("im_start", "im_end", StringComparison.Ordinal));
        Changed(() => TokenStore.Open(folder.At("reserved")).Dispose(), () =>
            Prepare("--input", folder.At("text.txt"), "--output", folder.At("reserved"), "--template", "chatml", "--force"));
        Run(() => TokenStore.Open(folder.At("reserved")).Dispose()).ShouldBeNull();

        using (var chats = TokenStore.Open(folder.At("chats")))
        using (var text = TokenStore.Open(folder.At("reserved")))
            Changed(() => chats.RequireKind("actortrain pretrain", DataKind.Text), () => text.RequireKind("actortrain pretrain", DataKind.Text));

        folder.Write("rankings.jsonl", "{\"prompt\":\"q\",\"completions\":[\"a\",\"b\"]}\n");
        string[] rankings = ["--kind", "rankings", "--input", folder.At("rankings.jsonl"), "--held-out", "0", "--output", folder.At("ranked"),
            "--force"];
        foreach (var file in new[] { "train-groups.bin", "train-documents.bin" })
        {
            Prepare(rankings);
            var bytes = File.ReadAllBytes(folder.At("ranked", file));
            bytes[1] = 0x7F;
            folder.Write($"ranked/{file}", bytes);
            Changed(Read, () =>
            {
                Prepare(rankings);
                Read();
            });
        }

        void Read()
        {
            using var store = TokenStore.Open(folder.At("ranked"));
            store.TrainSequences.LengthOf(store.TrainSequences.FirstOf(0));
        }
    }

    private void Rewards()
    {
        Changed(() => TaskFiles.Write(Task(10_000)), () => TaskFiles.Write(Task(5_000)));
        Changed(() => TaskFiles.Write(Task(1)), () => TaskFiles.Write(Task(1) with { Force = true }));
        Changed(() => RewardFunction.Parse("exct"), () => RewardFunction.Parse("exact"));
        var prompts = folder.Write("prompts.jsonl", "{\"prompt\":\"q\"}\n");
        Prompts();
        Changed(() => Require("0.1*length + exact"), () => Require("0.1*length"));
        Changed(() => Require("exact"), () =>
        {
            folder.Write("prompts.jsonl", "{\"prompt\":\"q\",\"answer\":\"a\"}\n");
            Prompts();
            Require("exact");
        });

        TaskOptions Task(int count) => new() { Task = TaskName.Add, Output = folder.At("task"), Count = count };

        void Prompts() => Prepare("--kind", "prompts", "--input", prompts, "--held-out", "0", "--output", folder.At("prompts"), "--force");

        void Require(string formula)
        {
            using var store = TokenStore.Open(folder.At("prompts"));
            RewardFunction.Parse(formula).RequireAnswers(store);
        }
    }

    private void Follow(string bad, string better) => Follow([bad], [better]);

    private void Follow(string[] bad, string[] better) =>
        Changed(() => Prepare(["--input", .. bad]), () => Prepare(["--input", .. better]));

    /// <summary>Changes the file and does the same again.</summary>
    private void Follow(string path, Func<string> better)
    {
        Run(() => Prepare("--input", path)).ShouldNotBeNull();
        var changed = better();
        var complaint = complaints[^1];
        Run(() => Prepare("--input", changed)).ShouldNotBe(complaint);
    }

    private void Follow(string path, Action better) => Follow(path, () =>
    {
        better();
        return path;
    });

    private void FollowCommand(string path, string advised, string command, string made)
    {
        Run(() => Prepare("--input", path)).ShouldNotBeNull().ShouldContain($"({advised})");
        folder.Shell(command);
        Run(() => Prepare("--input", folder.At(made))).ShouldBeNull();
    }

    /// <summary>The sentence names these words, and with them the complaint is gone.</summary>
    private void Advised(string[] inputs, params string[] words)
    {
        Run(() => Prepare(["--input", .. inputs])).ShouldNotBeNull().ShouldContain(string.Join(' ', words));
        Changed(() => Prepare(["--input", .. inputs]), () => Prepare(["--input", .. inputs, .. words]));
    }

    private void Changed(Action bad, Action better)
    {
        var complaint = Run(bad).ShouldNotBeNull();
        Run(better).ShouldNotBe(complaint);
    }

    private string? Run(Action action)
    {
        try
        {
            action();
            return null;
        }
        catch (UserErrorException error)
        {
            complaints.Add(error.Message);
            return error.Message;
        }
    }

    /// <summary>Calls <c>actortrain prepare</c>, into a folder of its own where none is named, with the byte tokenizer where none is
    /// named.</summary>
    private void Prepare(params string[] line)
    {
        string[] rest = [.. line.Contains("--output") ? Array.Empty<string>() : ["--output", folder.At($"out-{complaints.Count}"), "--force"],
            .. line.Contains("--tokenizer") || line.Contains("--tokenizer-from") ? Array.Empty<string>() : ["--tokenizer", "bytes"]];
        using var error = new StringWriter();
        UserErrorException? refused = null;
        var code = CommandLine.Run(["prepare", .. line, .. rest], AllCommands.Define(),
            new CommandContext(TextWriter.Null, error, false, TimeProvider.System), (command, line, context) =>
        {
            try
            {
                return command.Run(line, context);
            }
            catch (UserErrorException wrong)
            {
                refused = wrong;
                throw;
            }
        });
        if (code == ExitCode.UserError)
            throw refused ?? new UserErrorException(error.ToString());
        code.ShouldBe(ExitCode.Success, error.ToString());
    }

    [GeneratedRegex(@"[0-9.]*[0-9]")]
    private static partial Regex Number();

    [GeneratedRegex(@"choose (?<option>--tokenizer|--vocabulary-size) (?<value>\w+)")]
    private static partial Regex Fix();

    [GeneratedRegex(@"--output (?<folder>[^`]+)`")]
    private static partial Regex Output();

    [GeneratedRegex(@"--tokenizer-from (?<folder>[^`]+)`")]
    private static partial Regex TokenizerFrom();
}
