using ActorTrain.Data.Chats;
using ActorTrain.Data.Preparation;
using ActorTrain.Data.Shards;
using ActorTrain.Data.Sources;
using ActorTrain.Data.Tests.Chats;
using ActorTrain.Data.Tokenizers;
using ActorTrain.Models;

namespace ActorTrain.Data.Tests.Preparation;

public sealed class ChatPreparationTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Chats_are_read_back_as_they_were_written()
    {
        var input = folder.Write("a.jsonl", """
            {"prompt": "Hi <|im_end|>", "completion": "Hello."}
            {"messages": [{"role": "user", "content": "1"}, {"role": "assistant", "content": "2"}, {"role": "user", "content": "3"}, {"role": "assistant", "content": "4"}]}
            """);
        var summary = Prepare(DataKind.Chat, input);
        using var store = TokenStore.Open(folder.Of("out"));
        store.Verify();
        store.Kind.ShouldBe(DataKind.Chat);
        store.Template!.IsSameAs(ChatTemplate.Find("chatml")).ShouldBeTrue();
        store.Template.Name.ShouldBe("chatml");
        store.Tokenizer.SpecialTokens().Keys.ShouldBe(["<|endoftext|>", "<|im_start|>", "<|im_end|>"], ignoreOrder: true);
        var part = store.TrainSequences;
        Chat.Groups(store, part).SelectMany(static group => group).ShouldBe(
        [
            "<|im_start|>user\nHi <|im_end|><|im_end|>\n<|im_start|>assistant\n«Hello.<|im_end|>»\n",
            "<|im_start|>user\n1<|im_end|>\n<|im_start|>assistant\n«2<|im_end|>»\n"
                + "<|im_start|>user\n3<|im_end|>\n<|im_start|>assistant\n«4<|im_end|>»\n",
        ]);
        part.Targets.ShouldBe(7 + 2 + 2);
        part.Longest.ShouldBe(Math.Max(part.LengthOf(0), part.LengthOf(1)));
        part.Tokens.ShouldBe(part.LengthOf(0) + part.LengthOf(1));
        part.Bytes.ShouldBe(13 + 6 + 4);
        store.ValidationSequences.ShouldBeNull();
        summary.Train.Sequences.ShouldBe(new PreparedSequences(2, part.Targets, part.Longest));

        Prepare(DataKind.Chat, input, static options => options with { Targets = AnswerTargets.Last, Force = true });
        using var last = TokenStore.Open(folder.Of("out"));
        Chat.Groups(last, last.TrainSequences)[1][0].ShouldBe(
            "<|im_start|>user\n1<|im_end|>\n<|im_start|>assistant\n2<|im_end|>\n"
            + "<|im_start|>user\n3<|im_end|>\n<|im_start|>assistant\n«4<|im_end|>»\n");
        last.TrainSequences.Targets.ShouldBe(7 + 2);
    }

    [Fact]
    public void Pairs_have_the_preferred_answer_first_and_margins()
    {
        var input = folder.Write("a.jsonl", """
            {"prompt": "q", "chosen": "good", "rejected": "bad", "margin": 0.5}
            {"prompt": "q", "chosen": "x", "rejected": "y"}
            """);
        Prepare(DataKind.Pairs, input, static options => options with { Template = "plain" });
        using var store = TokenStore.Open(folder.Of("out"));
        store.Verify();
        var part = store.TrainSequences;
        Chat.Groups(store, part).ShouldBe([["q«good<|endoftext|>»", "q«bad<|endoftext|>»"], ["q«x<|endoftext|>»", "q«y<|endoftext|>»"]]);
        (part.Groups, part.Sequences, part.FirstOf(1), part.SizeOf(1)).ShouldBe((2, 4, 2, 2));
        (part.MarginOf(0), part.MarginOf(1), part.ReferenceOf(0)).ShouldBe((0.5, 0, null));
        Should.Throw<ArgumentOutOfRangeException>(() => part.FirstOf(2));
        Should.Throw<ArgumentOutOfRangeException>(() => part.MarginOf(-1));
        Should.Throw<ArgumentOutOfRangeException>(() => part.LengthOf(4));
    }

    [Fact]
    public void Rankings_have_groups_of_any_size_best_first()
    {
        var input = folder.Write("a.jsonl", """
            {"prompt": "q", "completions": ["a", "b", "c"], "scores": [1, 3, 2]}
            {"prompt": "r", "completions": ["d", "e"]}
            """);
        Prepare(DataKind.Rankings, input, static options => options with { Template = "plain" });
        using var store = TokenStore.Open(folder.Of("out"));
        store.Verify();
        Chat.Groups(store, store.TrainSequences).ShouldBe(
            [["q«b<|endoftext|>»", "q«c<|endoftext|>»", "q«a<|endoftext|>»"], ["r«d<|endoftext|>»", "r«e<|endoftext|>»"]]);
        store.TrainSequences.FirstOf(1).ShouldBe(3);
        store.TrainSequences.MarginOf(1).ShouldBe(0);
    }

    [Fact]
    public void Prompts_end_where_the_assistant_begins_and_keep_their_references()
    {
        var input = folder.Write("a.jsonl", """
            {"prompt": "2+2?", "answer": "4", "tests": [1.50, "é"]}
            {"prompt": "Why?"}
            {"messages": [{"role": "user", "content": "a"}], "k": null}
            """);
        Prepare(DataKind.Prompts, input);
        using var store = TokenStore.Open(folder.Of("out"));
        store.Verify();
        var part = store.TrainSequences;
        Chat.Groups(store, part).Select(static group => group.Single()).ShouldBe(
            new[] { "2+2?", "Why?", "a" }.Select(static text => $"<|im_start|>user\n{text}<|im_end|>\n<|im_start|>assistant\n"));
        Enumerable.Range(0, 3).Select(i => part.ReferenceOf(i))
            .ShouldBe(["""{"answer":"4","tests":[1.50, "é"]}""", null, """{"k":null}"""]);
        part.Targets.ShouldBe(0);
    }

    [Theory]
    [InlineData(DataKind.Prompts, """{"prompt": "q"}""")]
    [InlineData(DataKind.Chat, """{"prompt": "q", "completion": "a"}""")]
    public void Data_of_another_kind_than_a_command_takes_is_refused(DataKind kind, string line)
    {
        Prepare(kind, folder.Write("a.jsonl", line));
        using var store = TokenStore.Open(folder.Of("out"));
        store.RequireKind("actortrain x", DataKind.Pairs, kind);
        var message = Should.Throw<UserErrorException>(() => store.RequireKind("actortrain pretrain", DataKind.Text)).Message;
        message.ShouldName(store.Folder, kind.Plural(), "actortrain pretrain", "text");
        if (kind is DataKind.Chat)
            message.ShouldName("actortrain sft");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void The_same_prompt_is_never_on_both_sides(int seed)
    {
        var random = new Random(seed);
        var input = folder.Write("a.jsonl", string.Concat(Enumerable.Range(0, 600).Select(i =>
            $"{{\"prompt\": \"{(random.Next(3) == 0 ? " " : "")}question {random.Next(200)}\", \"completion\": \"answer {i}\"}}\n")));
        Prepare(DataKind.Chat, input, options => options with { ValidationFraction = 0.2, Template = "plain", Seed = (ulong)seed });
        using var store = TokenStore.Open(folder.Of("out"));
        var (train, validation) = (Prompts(store, store.TrainSequences), Prompts(store, store.ValidationSequences!));
        (train.Count + validation.Count).ShouldBe(600);
        validation.Count.ShouldBeInRange(60, 240);
        train.Intersect(validation).ShouldBeEmpty();

        // By prompt alone: neither the order of records nor what they answer decides.
        var shuffled = folder.Write("b.jsonl", string.Concat(File.ReadAllLines(input).Reverse().Select(static line =>
            line.Replace("answer", "other") + "\n")));
        Prepare(DataKind.Chat, shuffled, options => options with
        {
            ValidationFraction = 0.2,
            Template = "plain",
            Seed = (ulong)seed,
            Output = folder.Of("other"),
        });
        using var other = TokenStore.Open(folder.Of("other"));
        Prompts(other, other.ValidationSequences!).Distinct().ShouldBe(validation.Distinct(), ignoreOrder: true);

        static List<string> Prompts(TokenStore store, SequencePart part) =>
            [.. Chat.Groups(store, part).Select(static group => group[0].Split(Chat.Begin)[0].Trim())];
    }

    [Fact]
    public void A_single_prompt_cannot_be_split()
    {
        var input = folder.Write("a.jsonl", "{\"prompt\": \"q\", \"completion\": \"a\"}\n{\"prompt\": \"q\", \"completion\": \"b\"}\n");
        Refused(DataKind.Chat, input, static options => options with { ValidationFraction = 0.1 }).ShouldName("2 chats", "--held-out 0");
    }

    [Fact]
    public void Too_long_sequences_are_refused_skipped_or_shortened()
    {
        var input = folder.Write("a.jsonl", """
            {"prompt": "q", "chosen": "good", "rejected": "bad"}
            {"prompt": "q", "chosen": "a longer one", "rejected": "short"}
            {"prompt": "q", "chosen": "the same until here", "rejected": "the same until there"}
            {"prompt": "a question that is much too long", "chosen": "a", "rejected": "b"}
            """);
        Refused(DataKind.Pairs, input, static options => options with { Template = "plain", MaxTokens = 10 })
            .ShouldName($"{input}, line 2", "14 tokens", "--max-tokens 10", "--too-long skip", "keep-start");

        var skipped = Prepare(DataKind.Pairs, input, static options => options with { Template = "plain", MaxTokens = 10, TooLong = TooLong.Skip });
        using (var store = TokenStore.Open(folder.Of("out")))
            Chat.Groups(store, store.TrainSequences).ShouldBe([["q«good<|endoftext|>»", "q«bad<|endoftext|>»"]]);
        skipped.Omissions.TooLong.ShouldHaveSingleItem().ShouldName("3 pairs", "10 tokens", $"{input}, line 2");

        var cut = Prepare(DataKind.Pairs, input, static options => options with
        {
            Template = "plain",
            MaxTokens = 10,
            TooLong = TooLong.KeepStart,
            Force = true,
        });
        using (var store = TokenStore.Open(folder.Of("out")))
        {
            Chat.Groups(store, store.TrainSequences).ShouldBe(
                [["q«good<|endoftext|>»", "q«bad<|endoftext|>»"], ["q«a longer »", "q«short<|endoftext|>»"]]);
            store.TrainSequences.Longest.ShouldBe(10);
        }

        cut.Omissions.TooLong.Count.ShouldBe(2);
        cut.Omissions.TooLong[0].ShouldName("1 pair", "10 tokens");
        cut.Omissions.TooLong[1].ShouldName("2 pairs", "10 tokens");

        Refused(DataKind.Pairs, input, static options => options with { Template = "plain", MaxTokens = 1, TooLong = TooLong.Skip, Force = true })
            .ShouldName("no pair", "4 pairs");
    }

    [Theory]
    [InlineData("bad line")]
    [InlineData("cancelled")]
    [InlineData("late bad line")]
    public void What_fails_leaves_nothing(string failure)
    {
        const string Good = "{\"prompt\": \"q\", \"completion\": \"a\"}\n";
        var input = folder.Write("a.jsonl", failure switch
        {
            "bad line" => Good + "{}\n",
            "late bad line" => string.Concat(Enumerable.Repeat(Good, 20_000)) + "{}\n",
            _ => string.Concat(Enumerable.Repeat(Good, 20_000)),
        });
        var before = folder.Snapshot();
        using var stop = new CancellationTokenSource();
        var progress = new Stop(failure == "cancelled" ? stop : null);
        var options = Options(DataKind.Chat, input) with { Output = folder.Of("not/there/yet") };
        var error = Should.Throw<Exception>(() => CorpusPreparation.Run(options, progress, stop.Token));
        if (failure == "cancelled")
            error.ShouldBeAssignableTo<OperationCanceledException>();
        else
            error.ShouldBeOfType<UserErrorException>();
        folder.Snapshot().ShouldBe(before);
    }

    [Fact]
    public void The_same_input_gives_the_same_bytes_and_an_altered_file_is_found()
    {
        var input = folder.Write("a.jsonl", string.Concat(Enumerable.Range(0, 300).Select(static i =>
            $"{{\"prompt\": \"{Texts.Prose(i, 60).Replace("\n", "\\n")}\", \"completion\": \"{Texts.Prose(i + 1000, 90).Replace("\n", "\\n")}\"}}\n")));
        var hashes = new[] { "one", "two" }.Select(name => Prepare(DataKind.Chat, input, options => options with
        {
            Output = folder.Of(name),
            Tokenizer = TokenizerKind.Bpe,
            VocabularySize = 400,
            ValidationFraction = 0.1,
            ShardTokens = 1024,
        }).Identity).ToList();
        hashes[0].ShouldBe(hashes[1]);
        using (var store = TokenStore.Open(folder.Of("one")))
        {
            store.Verify();
            store.Tokenizer.VocabularySize.ShouldBe(402);
            Chat.Groups(store, store.TrainSequences).Count.ShouldBe((int)store.TrainSequences.Groups);
        }

        foreach (var name in new[] { "train-targets.bin", "held-out-targets.bin" })
        {
            var file = Path.Combine(folder.Of("one"), name);
            var bytes = File.ReadAllBytes(file);
            bytes[^1] ^= 1;
            File.WriteAllBytes(file, bytes);
            using (var store = TokenStore.Open(folder.Of("one")))
                Should.Throw<UserErrorException>(() => store.Verify()).Message.ShouldName(file);
            bytes[^1] ^= 1;
            File.WriteAllBytes(file, bytes[1..]);
            Should.Throw<UserErrorException>(() => TokenStore.Open(folder.Of("one"))).Message.ShouldName(file);
            File.WriteAllBytes(file, bytes);
        }
    }

    [Theory]
    [InlineData("train-groups.bin", 1)]
    [InlineData("train-documents.bin", 3)]
    [InlineData("train-00000.bin", 1)]
    public void An_altered_file_never_gives_sequences_or_ids_that_do_not_exist(string name, int at)
    {
        var input = folder.Write("a.jsonl", "{\"prompt\": \"q\", \"completions\": [\"a\", \"b\", \"c\"]}\n");
        Prepare(DataKind.Rankings, input);
        var file = folder.Of($"out/{name}");
        var bytes = File.ReadAllBytes(file);
        bytes[at] = 0x7F;
        File.WriteAllBytes(file, bytes);
        using var store = TokenStore.Open(folder.Of("out"));
        Should.Throw<UserErrorException>(() => Chat.Groups(store, store.TrainSequences)).Message.ShouldName(folder.Of("out"));
        Should.Throw<UserErrorException>(() => store.Verify()).Message.ShouldName(file);
    }

    [Fact]
    public void The_tokenizer_of_the_model_must_know_the_template()
    {
        var book = folder.Write("book.txt", "some text");
        var chats = folder.Write("a.jsonl", "{\"prompt\": \"q\", \"completion\": \"a\"}\n");
        var text = Options(DataKind.Text, book) with { Output = folder.Of("book") };
        CorpusPreparation.Run(text);
        Refused(DataKind.Chat, chats, options => options with { TokenizerFrom = folder.Of("book") })
            .ShouldName(folder.Of("book"), "<|im_start|>, <|im_end|>", "actortrain prepare --template chatml", "--template plain");
        Prepare(DataKind.Chat, chats, options => options with { TokenizerFrom = folder.Of("book"), Template = "plain" });

        CorpusPreparation.Run(text with { Template = "chatml", SpecialTokens = ["<tool>", "<|im_end|>"], Force = true });
        Prepare(DataKind.Chat, chats, options => options with { TokenizerFrom = folder.Of("book"), Force = true });
        using var store = TokenStore.Open(folder.Of("out"));
        using var ofBook = TokenStore.Open(folder.Of("book"));
        store.RequireTokenizer(ofBook.Tokenizer.Identity, "it");
        ofBook.Tokenizer.SpecialTokens().Keys.ShouldBe(["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<tool>"], ignoreOrder: true);
    }

    [Theory]
    [InlineData("special", "SpecialTokens", "TokenizerFrom")]
    [InlineData("template", "Template", "TokenizerFrom")]
    [InlineData("length of text", "MaxTokens")]
    [InlineData("too long without length", "TooLong", "MaxTokens")]
    [InlineData("prompts cut", "TooLong")]
    public void Options_that_contradict_each_other_are_refused(string which, params string[] named)
    {
        var options = Options(DataKind.Text, "a.txt");
        options = which switch
        {
            "special" => options with { SpecialTokens = ["<a>"], TokenizerFrom = "b" },
            "template" => options with { Template = "chatml", TokenizerFrom = "b" },
            "length of text" => options with { MaxTokens = 3 },
            "too long without length" => options with { Kind = DataKind.Chat, TooLong = TooLong.Skip },
            _ => options with { Kind = DataKind.Prompts, TooLong = TooLong.KeepStart, MaxTokens = 10 },
        };
        Should.Throw<UserErrorException>(() => CorpusPreparation.Run(options)).Message.ShouldName(named);
    }

    /// <summary>Data that is prepared today is that of versions that knew only text, to the byte.</summary>
    [Fact]
    public void Text_is_stored_as_it_always_was()
    {
        CorpusPreparation.Run(Options(DataKind.Text, folder.Write("a.txt", "hello\n")));
        File.ReadAllBytes(folder.Of("out/train-00000.bin")).ShouldBe([104, 0, 101, 0, 108, 0, 108, 0, 111, 0, 10, 0, 0, 1]);
        File.ReadAllText(folder.Of("out/index.json")).ShouldBe(
            """
            {
              "format": 1,
              "tokenizer": "d39ba3b0f1368e832a9d36cadbaeb6d35b35d3482979ad8f2937855915b09cbc",
              "vocabulary_size": 257,
              "end_of_text": 256,
              "token_bytes": 2,
              "shard_tokens": 67108864,
              "train": {
                "documents": 1,
                "tokens": 7,
                "bytes": 6,
                "unigram_entropy": 1.7478680974667573,
                "shards": [
                  {
                    "name": "train-00000.bin",
                    "count": 7,
                    "sha256": "fdb05b692ee3d7689eaf18ee5abae4af8b741037a9e1966e8b9da27e4de3b731"
                  }
                ],
                "document_ends": {
                  "name": "train-documents.bin",
                  "count": 1,
                  "sha256": "aae89fc0f03e2959ae4d701a80cc3915918c950b159f6abb6c92c1433b1a8534"
                }
              },
              "held_out": null,
              "sha256": "b0b40f1a545f5140bc502bbcac2890b906a76d4789c717bd69455016122af2af",
              "parts": [
                {
                  "documents": 1,
                  "tokens": 7,
                  "bytes": 6,
                  "unigram_entropy": 1.7478680974667573,
                  "shards": [
                    {
                      "name": "train-00000.bin",
                      "count": 7,
                      "sha256": "fdb05b692ee3d7689eaf18ee5abae4af8b741037a9e1966e8b9da27e4de3b731"
                    }
                  ],
                  "document_ends": {
                    "name": "train-documents.bin",
                    "count": 1,
                    "sha256": "aae89fc0f03e2959ae4d701a80cc3915918c950b159f6abb6c92c1433b1a8534"
                  }
                }
              ]
            }
            """);
        File.ReadAllText(folder.Of("out/actortrain-tokenizer.json")).ShouldBe(
            """
            {
              "kind": "Bytes",
              "vocabulary_size": 257,
              "end_of_text": 256,
              "identity": "d39ba3b0f1368e832a9d36cadbaeb6d35b35d3482979ad8f2937855915b09cbc"
            }

            """);
        Directory.EnumerateFiles(folder.Of("out")).Select(Path.GetFileName).ShouldBe(
            ["actortrain-tokenizer.json", "index.json", "train-00000.bin", "train-documents.bin"], ignoreOrder: true);
    }

    private PreparationOptions Options(DataKind kind, string input) => new()
    {
        Source = new SourceOptions { Inputs = [input] },
        Output = folder.Of("out"),
        Kind = kind,
        Tokenizer = TokenizerKind.Bytes,
        ValidationFraction = 0,
    };

    private PreparationSummary Prepare(DataKind kind, string input, Func<PreparationOptions, PreparationOptions>? change = null) =>
        CorpusPreparation.Run((change ?? (static options => options))(Options(kind, input)));

    private string Refused(DataKind kind, string input, Func<PreparationOptions, PreparationOptions> change)
    {
        var before = folder.Snapshot();
        var message = Should.Throw<UserErrorException>(() => Prepare(kind, input, change)).Message;
        folder.Snapshot().ShouldBe(before);
        return message;
    }

    /// <summary>Stops at the first report of encoding.</summary>
    private sealed class Stop(CancellationTokenSource? source) : IProgress<PreparationProgress>
    {
        public void Report(PreparationProgress value)
        {
            if (value.Stage is PreparationStage.Encoding)
                source?.Cancel();
        }
    }
}
