using ActorTrain.Data.Preparation;
using ActorTrain.Data.Sources;
using ActorTrain.Data.Tasks;
using ActorTrain.Data.Tokenizers;
using ActorTrain.Host.Cli;
using ActorTrain.Host.Commands;
using ActorTrain.Host.Control;
using ActorTrain.Models;
using ActorTrain.Models.Generation;

namespace ActorTrain.Host.Tests;

public sealed class CommandLineTests
{
    private static (int Code, string Output, string Error, object? Request) Run(string[] arguments, Exception? thrown = null)
    {
        object? request = null;
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = CommandLine.Run(arguments, AllCommands.Define(), new CommandContext(output, error, false, TimeProvider.System),
            (command, line, context) =>
        {
            if (command.Name == "help")
                return command.Run(line, context);
            if (thrown is not null)
                throw thrown;
            request = command.Read(line);
            return 7;
        });
        return (code, output.ToString(), error.ToString(), request);
    }

    private static string[] Words(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    public static TheoryData<string, object> Lines => new()
    {
        { "doctor", new DoctorRequest(false, null, []) },
        { "doctor book.yaml --set run.name=a --json", new DoctorRequest(true, "book.yaml", ["run.name=a"]) },
        { "eval r", new EvalRequest("r", "heldout", 0, null) },
        { "eval r --part train --batches 3 --data d", new EvalRequest("r", "train", 3, "d") },
        { "generate r", new GenerateRequest("r", "", 200, new SamplingOptions { Temperature = 0.8, Seed = 1 }, 1, []) },
        { "generate r --prompt @x --tokens 5 --temperature 1.5 --top-k 4 --top-p 0.9 --min-p 0.1 --repetition-penalty 1.2 --seed 6",
            new GenerateRequest("r", "@x", 5, new SamplingOptions
            { Temperature = 1.5, TopK = 4, TopP = 0.9, MinP = 0.1, RepetitionPenalty = 1.2, Seed = 6 }, 1, []) },
        { "generate r --greedy --samples 2 --stop a --stop=-- --precision bfloat16",
            new GenerateRequest("r", "", 200, new SamplingOptions { Temperature = 0, Seed = 1 }, 2, ["a", "--"], Precision.BFloat16) },
        { "generate r --temperature 0", new GenerateRequest("r", "", 200, new SamplingOptions { Temperature = 0, Seed = 1 }, 1, []) },
        { "task reverse --output o", new TaskOptions { Task = TaskName.Reverse, Output = "o" } },
        { "task add --output o --count 9 --demonstrations 0 --mistakes 0.5 --seed 7 --force",
            new TaskOptions
            { Task = TaskName.Add, Output = "o", Count = 9, Demonstrations = 0, Mistakes = 0.5, Seed = 7, Force = true } },
        { "task preferences --output o --completions 8 --noise 0",
            new TaskOptions { Task = TaskName.Preferences, Output = "o", Completions = 8, Noise = 0 } },
        { "export r --output o", new ExportRequest("r", "huggingface", "o", null, false) },
        { "export r --format huggingface --output o --checkpoint 500 --force", new ExportRequest("r", "huggingface", "o", 500, true) },
        { "import d --output o", new ImportRequest("d", "o") },
        { "runs", new RunsRequest("runs") },
        { "runs --output x", new RunsRequest("x") },
        { "rollouts r", new RolloutsRequest("r", null, null, null, AnswerOrder.Sample, false) },
        { "rollouts r --step 3 --prompt 7 --samples 2 --order worst --json",
            new RolloutsRequest("r", 3, 7, 2, AnswerOrder.Worst, true) },
        { "replay r --step 3 --prompt 7 --sample 0", new ReplayRequest("r", 3, 7, 0, null, 1, false) },
        { "replay r --count 100 --seed 5", new ReplayRequest("r", null, null, null, 100, 5, false) },
        { "replay r --repair --force", new ReplayRequest("r", null, null, null, null, 1, true, true) },
        { "plot r", new PlotRequest("r", null, 0, false) },
        { "scale r --trainers 3", new ScaleRequest("r", 3) },
        { "scale r --rollouts 2", new ScaleRequest("r", null, 2) },
        { "node --join h:1,i:2 --name a --data d --trainers 2", new NodeRequest("h:1,i:2", "a", "d", 2, false) },
        { "node --join 127.0.0.1:4053", new NodeRequest("127.0.0.1:4053", null, null, 1, false) },
        { "node --join h:1 --certificates c --certificate a", new NodeRequest("h:1", null, null, 1, false, "c", "a") },
        { "nodes r --json", new NodesRequest("r", true) },
        { "cluster init c", new ClusterInitRequest("c", 3650) },
        { "cluster init c --days 30", new ClusterInitRequest("c", 30) },
        { "cluster init", new ClusterInitRequest("certificates", 3650) },
        { "cluster cert a", new ClusterCertRequest("a", "certificates", [], [], 365, false) },
        { "cluster cert a --directory c --role control --role rollout --host 10.0.0.7 --host fd00::7 --days 9 --renew",
            new ClusterCertRequest("a", "c", ["control", "rollout"], ["10.0.0.7", "fd00::7"], 9, true) },
        { "cluster list", new ClusterListRequest("certificates") },
        { "trace r", new TraceRequest("r", 10, null) },
        { "trace r --steps 3 --output t.json", new TraceRequest("r", 3, "t.json") },
        { "rollback r --to 12", new OperatorCall("r", new ControlCall<RollbackBody>(ControlApi.Rollback, new RollbackBody(12))) },
        { "rollback r --to 0 --skip 200",
            new OperatorCall("r", new ControlCall<RollbackBody>(ControlApi.Rollback, new RollbackBody(0, 200))) },
        { "skip r --batches 5", new OperatorCall("r", new ControlCall<SkipBody>(ControlApi.Skip, new SkipBody(5))) },
        { "lr r --factor 0.5",
            new OperatorCall("r", new ControlCall<LearningRateBody>(ControlApi.LearningRate, new LearningRateBody(0.5))) },
        { "quarantine r --trainer 1", new OperatorCall("r", new ControlCall<TrainerBody>(ControlApi.Quarantine, new TrainerBody(1))) },
        { "quarantine r --trainer 1 --release",
            new OperatorCall("r", new ControlCall<TrainerBody>(ControlApi.Release, new TrainerBody(1))) },
        { "pause r", new OperatorCall("r", new ControlCall<NoBody>(ControlApi.Pause, new NoBody())) },
        { "resume r", new OperatorCall("r", new ControlCall<NoBody>(ControlApi.Resume, new NoBody())) },
        { "goodput r", new GoodputRequest("r", false, null) },
        { "goodput r --json --plot a.svg", new GoodputRequest("r", true, "a.svg") },
        { "status r", new StatusRequest("r", false) },
        { "status r --json", new StatusRequest("r", true) },
        { "journal r", new JournalRequest("r", false) },
        { "journal r --json", new JournalRequest("r", true) },
        { "audit r", new AuditRequest("r", false) },
        { "audit r --json", new AuditRequest("r", true) },
        { "checkpoints r", new CheckpointsRequest("r", false, false, false, false) },
        { "checkpoints r --verify --prune --dry-run --json", new CheckpointsRequest("r", true, true, true, true) },
        { "chaos run.yaml", new ChaosRequest("run.yaml", [], null, 1, 8, null, null, null, false) },
        { "chaos run.yaml --schedule f.yaml --report r.json --picture p.svg --fresh",
            new ChaosRequest("run.yaml", [], "f.yaml", 1, 8, null, "r.json", "p.svg", true) },
        { "chaos --set data.path=d --seed 7 --every 30", new ChaosRequest(null, ["data.path=d"], null, 7, 8, 30, null, null, false) },
        { "plot r --output a.svg", new PlotRequest("r", "a.svg", 0, false) },
        { "plot r --output a.png --smooth 9 --linear-loss", new PlotRequest("r", "a.png", 9, true) },
    };

    [Theory]
    [MemberData(nameof(Lines))]
    public void A_line_becomes_a_request_and_the_commands_code_is_the_exit_code(string line, object request)
    {
        var result = Run(Words(line));
        result.Error.ShouldBeEmpty();
        result.Code.ShouldBe(7);
        result.Request.ShouldBe(request);
    }

    [Fact]
    public void Prepare_takes_many_inputs()
    {
        var request =
            Run(Words(
            "prepare --input a b --input c --output o --tokenizer unigram --vocabulary-size 999 "
            + "--tokenizer-sample-bytes 77 --held-out 0.2 --lenient "
            + "--text-field body --document-separator === --shard-tokens 5000 --seed 4 --force"))
                .Request.ShouldBeOfType<PreparationOptions>();
        request.Source.Inputs.ShouldBe(["a", "b", "c"]);
        var source = request.Source with { TextField = "body", DocumentSeparator = "===", Lenient = true };
        request.ShouldBe(new PreparationOptions
        {
            Source = source,
            Output = "o",
            Tokenizer = TokenizerKind.Unigram,
            VocabularySize = 999,
            TokenizerSampleBytes = 77,
            ValidationFraction = 0.2,
            ShardTokens = 5000,
            Seed = 4,
            Force = true,
        });
        Run(Words("prepare --input a --output o --tokenizer-from t")).Request.ShouldBeOfType<PreparationOptions>()
            .ShouldSatisfyAllConditions(reuse => reuse.TokenizerFrom.ShouldBe("t"), reuse => reuse.VocabularySize.ShouldBe(4096));
        var plain = Run(Words("prepare --input a --output o")).Request.ShouldBeOfType<PreparationOptions>();
        plain.ShouldBe(new PreparationOptions { Source = new SourceOptions { Inputs = plain.Source.Inputs }, Output = "o" });
    }

    [Theory]
    [InlineData("pretrain a.yaml", "a.yaml", "", ResumeMode.WhenPossible, null)]
    [InlineData("pretrain a.yaml --resume --set x=1 --set y=2", "a.yaml", "x=1 y=2", ResumeMode.Required, null)]
    [InlineData("pretrain --set x=1 --fresh", null, "x=1", ResumeMode.Fresh, null)]
    [InlineData("pretrain a.yaml --extend-to 4000", "a.yaml", "", ResumeMode.WhenPossible, 4000L)]
    [InlineData("sft a.yaml --set x=1", "a.yaml", "x=1", ResumeMode.WhenPossible, null)]
    [InlineData("prefer --set x=1 --resume", null, "x=1", ResumeMode.Required, null)]
    [InlineData("reward a.yaml --fresh", "a.yaml", "", ResumeMode.Fresh, null)]
    [InlineData("pretrain a.yaml --resume --extend-to=7", "a.yaml", "", ResumeMode.Required, 7L)]
    public void Commands_that_train_take_a_file_overrides_and_what_to_do_with_a_run_that_exists(string line, string? file, string sets,
        ResumeMode resume, long? extendTo)
    {
        var request = Run(Words(line)).Request.ShouldBeOfType<TrainRequest>();
        (request.RunFile, request.Resume, request.ExtendTo).ShouldBe((file, resume, extendTo));
        request.Overrides.ShouldBe(Words(sets));
    }

    [Theory]
    [InlineData("preprae", "there is no command 'preprae'; did you mean 'prepare'?")]
    [InlineData("xyzzy", "there is no command 'xyzzy'; see 'actortrain --help'.")]
    [InlineData("prepare --inptu a", "prepare has no option '--inptu'; did you mean '--input'?")]
    [InlineData("generate r --temprature 1", "generate has no option '--temprature'; did you mean '--temperature'?")]
    [InlineData("generate --temprature 1 r", "generate has no option '--temprature'; did you mean '--temperature'?")]
    [InlineData("pretrain --fesh --set x=1", "pretrain has no option '--fesh'; did you mean '--fresh'?")]
    [InlineData("prepare --input a --lenint --output o", "prepare has no option '--lenint'; did you mean '--lenient'?")]
    [InlineData("generate r --temperature 1e-9", "--temperature is '1e-9', but it must be 0 or a number of at least 0.001 and at most 1000.")]
    [InlineData("generate r --greedy --temperature 0.5", "--greedy and --temperature")]
    [InlineData("generate r --greedy --top-k 5", "--top-k restricts what is sampled")]
    [InlineData("generate r --temperature 0 --min-p 0.1", "--min-p restricts what is sampled")]
    [InlineData("generate r --min-p 2", "--min-p is '2', but it must be a number of at least 0 and at most 1.")]
    [InlineData("generate r --repetition-penalty 0", "--repetition-penalty is '0' | 0.001")]
    [InlineData("generate r --samples 0", "--samples is '0', but it must be a whole number from 1 to 10000.")]
    [InlineData("generate r --precision fp32", "--precision is 'fp32', but it must be float32 or bfloat16")]
    [InlineData("generate r --stop", "--stop needs a value")]
    [InlineData("generate r --top-p 1.5", "--top-p is '1.5', but it must be a number above 0 and at most 1.")]
    [InlineData("prepare --input a --output o --tokenizer bpee",
        "--tokenizer is 'bpee', but it must be bytes, bpe or unigram; did you mean 'bpe'?")]
    [InlineData("eval r --part heldot", "--part is 'heldot', but it must be heldout or train; did you mean 'heldout'?")]
    [InlineData("eval r s", "eval takes no argument 's' | 'actortrain eval --help'.")]
    [InlineData("eval", "eval needs RUN: | 'actortrain eval --help'.")]
    [InlineData("plot r --output a.gif", "--output is 'a.gif', but it must be a file name that ends in .svg or .png.")]
    [InlineData("export r --output o --checkpoint last", "--checkpoint is 'last', but it must be a whole number of at least 0.")]
    [InlineData("node", "node needs --join HOST:PORT[,HOST:PORT...]: | 'actortrain node --help'.")]
    [InlineData("node --join h", "--join is 'h' | HOST:PORT")]
    [InlineData("node --join h:1 --name a/b", "--name is 'a/b' | letters, digits")]
    [InlineData("pretrain a.yaml --nodes 0", "--nodes is '0', but it must be a whole number from 1 to 1024.")]
    [InlineData("scale r", "scale needs --trainers or --rollouts, the new number of either")]
    [InlineData("scale r --trainers 0", "--trainers is '0', but it must be a whole number from 1 to 65536.")]
    [InlineData("pretrain a.yaml --extend-to 2147483648",
        "--extend-to is '2147483648', but it must be a whole number from 1 to 2147483647.")]
    [InlineData("prepare --input a --output o --tokenizer-from t --tokenizer bpe", "--tokenizer-from and --tokenizer ")]
    [InlineData("prepare --input a --output o --tokenizer bytes --tokenizer-from t", "--tokenizer-from and --tokenizer ")]
    [InlineData("prepare --input a --output o --vocabulary-size 4096 --tokenizer-from t", "--tokenizer-from and --vocabulary-size ")]
    [InlineData("prepare --input a --output o --tokenizer-from t --tokenizer-sample-bytes 9",
        "--tokenizer-from and --tokenizer-sample-bytes ")]
    [InlineData("prepare --input a --output o --tokenizer bytes --vocabulary-size 4096", "--tokenizer bytes | --vocabulary-size")]
    [InlineData("prepare --input a --output o --tokenizer-sample-bytes 9 --tokenizer bytes", "--tokenizer bytes | --tokenizer-sample-bytes")]
    [InlineData("prepare --input a --document-separator -- --output o", "prepare | '--output' after '--' | OPTION=--")]
    [InlineData("rollouts r --order bst", "--order is 'bst' | sample, best or worst | 'best'")]
    [InlineData("replay r", "replay needs --step N, --count M | --repair")]
    [InlineData("replay r --step 1 --sample 2", "--sample requires --prompt")]
    [InlineData("replay r --count 1 --prompt 2", "--prompt requires --step")]
    [InlineData("replay r --step 1 --repair", "--step and --repair")]
    [InlineData("replay r --step 1 --seed 4", "--seed | --count")]
    [InlineData("prepare --input a --output o --tokenizer bite --vocabulary-size 4096", "--tokenizer is 'bite' | did you mean 'bytes'?")]
    [InlineData("prepare --input a --output o --kind tex --text-field a", "--kind is 'tex' | did you mean 'text'?")]
    [InlineData("prepare --input a --output o --kind chat --text-field a", "--text-field is for --kind text")]
    [InlineData("task revers --output o", "NAME is 'revers' | did you mean 'reverse'?")]
    [InlineData("task revers --output o --noise 1", "NAME is 'revers' | did you mean 'reverse'?")]
    [InlineData("task --output o", "task needs NAME: | 'actortrain task --help'.")]
    [InlineData("task sort", "task needs --output DIR: | 'actortrain task --help'.")]
    [InlineData("task sort --output o --count 0", "--count is '0' | at least 1")]
    [InlineData("task sort --output o --mistakes 2", "--mistakes is '2' | at most 1")]
    [InlineData("task sort --output o --noise 1", "--noise is for preferences")]
    [InlineData("task add --output o --completions 3", "--completions is for preferences")]
    [InlineData("task preferences --output o --mistakes 0.1", "--mistakes is for tasks with a right answer")]
    [InlineData("rollback r", "rollback needs --to STEP: | 'actortrain rollback --help'.")]
    [InlineData("rollback r --to -1", "--to is '-1', but it must be a whole number of at least 0.")]
    [InlineData("skip r --batches 0", "--batches is '0', but it must be a whole number of at least 1.")]
    [InlineData("lr r --factor 0", "--factor is '0', but it must be a number above 0.")]
    [InlineData("quarantine r --trainer x", "--trainer is 'x', but it must be a whole number from 0 to 65536.")]
    [InlineData("goodput r --plot a.gif", "--plot is 'a.gif', but it must be a file name that ends in .svg or .png.")]
    [InlineData("checkpoints r --dry-run", "--dry-run requires --prune")]
    [InlineData("checkpoints r --verfy", "checkpoints has no option '--verfy'; did you mean '--verify'?")]
    [InlineData("statu r", "there is no command 'statu'; did you mean 'status'?")]
    [InlineData("pretrain", "pretrain needs a run file, or --set")]
    [InlineData("pretrain a.yaml --resume --fresh", "--resume and --fresh")]
    [InlineData("import d", "import needs --output DIR: | 'actortrain import --help'.")]
    [InlineData("import d --output", "--output needs a value: | 'actortrain import --help'.")]
    [InlineData("help confg", "there is no help topic 'confg'; did you mean 'config'?")]
    public void A_bad_line_is_one_sentence_and_exit_code_2(string line, string data)
    {
        var result = Run(Words(line));
        result.Error.ShouldMatch($@"\Aactortrain: [^\n]+[.?]{Environment.NewLine}\z");
        result.Error.ShouldName(data);
        result.Output.ShouldBeEmpty();
        result.Code.ShouldBe(ExitCode.UserError);
        result.Request.ShouldBeNull();
    }

    [Fact]
    public void A_stop_text_is_not_empty()
    {
        var result = Run(["generate", "r", "--stop", ""]);
        (result.Code, result.Request).ShouldBe((ExitCode.UserError, null));
        result.Error.ShouldName("--stop is empty");
    }

    [Fact]
    public void Errors_of_commands_have_their_exit_codes()
    {
        var user = Run(["runs"], new UserErrorException("The folder 'x' holds no runs; train one."));
        (user.Code, user.Error).ShouldBe((2, $"actortrain: The folder 'x' holds no runs; train one.{Environment.NewLine}"));

        Run(["runs"], new OperationCanceledException()).Code.ShouldBe(130);

        var fault = Run(["runs"], new InvalidDataException("the shard is torn"));
        fault.Code.ShouldBe(1);
        fault.Error.ShouldStartWith("actortrain: InvalidDataException: the shard is torn");
        fault.Error.ShouldContain("actortrain doctor");
    }

    [Theory]
    [InlineData("doctor", "--json")]
    [InlineData("prepare",
        "--input --output --tokenizer bytes|bpe|unigram --vocabulary-size --held-out --lenient --text-field --document-separator "
        + "--shard-tokens --seed --force 4096")]
    [InlineData("pretrain", "RUN.yaml --set --resume --fresh --extend-to kill SIGTERM warm-up")]
    [InlineData("eval", "RUN --part heldout|train --batches")]
    [InlineData("generate", "RUN --prompt --tokens --samples --temperature --top-k --top-p --min-p --repetition-penalty --seed --greedy --stop "
        + "--precision 0.8")]
    [InlineData("export", "RUN --format huggingface --output --checkpoint --force GPT2LMHeadModel")]
    [InlineData("import", "DIR --output config.json")]
    [InlineData("runs", "--output")]
    [InlineData("plot", "RUN --output --smooth --linear-loss .svg .png")]
    [InlineData("scale", "RUN --trainers trainers.count same")]
    [InlineData("rollback", "RUN --to --skip audit journal")]
    [InlineData("skip", "RUN --batches")]
    [InlineData("lr", "RUN --factor schedule")]
    [InlineData("quarantine", "RUN --trainer --release")]
    [InlineData("pause", "RUN resume")]
    [InlineData("resume", "RUN pretrain")]
    [InlineData("goodput", "RUN --json --plot ETTR MTBF MTTR")]
    [InlineData("status", "RUN --json mailbox")]
    [InlineData("journal", "RUN --json vetoes")]
    [InlineData("audit", "RUN --json samples.jsonl Exit")]
    [InlineData("checkpoints", "RUN --verify --prune --dry-run --json good unproved void damaged")]
    public void Help_names_every_option_and_shows_an_example(string command, string words)
    {
        var help = Run([command, "--help"]);
        help.Code.ShouldBe(0);
        foreach (var word in Words(words))
            help.Output.ShouldContain(word);
        help.Output.ShouldContain($"\n  actortrain {command}");
        Run(["help", command]).Output.ShouldBe(help.Output);
        Run([]).Output.ShouldContain($"\n  {command} ");
    }
}
