using ActorTrain.Actors.Tracing;
using ActorTrain.Host.Cli;
using ActorTrain.Host.Commands;
using ActorTrain.Host.Control;
using ActorTrain.Models;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Bench.Rollouts;

/// <summary>A run of `actortrain rlhf` with all its actors, in a folder of its own: the benchmark model as policy, critic, reference and
/// reward model, trained by PPO on the task of preferences.</summary>
internal sealed class SmallRun : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200), Patience = TimeSpan.FromMinutes(10);

    private readonly string folder = Directory.CreateTempSubdirectory("actortrain-bench-").FullName;
    private readonly StringWriter said = new();
    private readonly Task<int> training;
    private readonly RunDirectory run;

    /// <summary>Prepares the data and the models, and starts the run.</summary>
    public SmallRun()
    {
        var model = Trainee.BenchmarkModel;
        Command("task", "preferences", "--output", In("task"), "--count", "500", "--demonstrations", "0");
        Command("prepare", "--input", In("task", "prompts.jsonl"), "--text-field", "prompt", "--output", In("text"), "--tokenizer", "bytes",
            "--template", "chatml");
        Command(Training("pretrain", "base", "text", "training.steps=1", $"model.layers={model.Layers}", $"model.width={model.Width}",
            $"model.heads={model.Heads}", "model.context=128"));
        Command("prepare", "--kind", "rankings", "--input", In("task", "rankings.jsonl"), "--output", In("rankings"), "--tokenizer-from",
            In("base"));
        Command("prepare", "--kind", "prompts", "--input", In("task", "prompts.jsonl"), "--output", In("prompts"), "--tokenizer-from",
            In("base"));
        Command(Training("reward", "judge", "rankings", $"base.model={In("base")}", "training.steps=1"));
        run = new RunDirectory(folder, "policy");
        training = Task.Factory.StartNew(
            () => Execute(Training(
                "rlhf", "policy", "prompts", $"base.model={In("base")}", $"scoring.model={In("judge")}", "training.steps=100000",
                "training.batch=16", "training.learning_rate=1e-6", $"rollouts.samples={Decoding.Samples}",
                $"rollouts.max_tokens={MostTokens}", "advantages.estimator=gae", "advantages.kl_coefficient=0.05", "spikes.rules=none")),
            TaskCreationOptions.LongRunning);
    }

    /// <summary>Of a completion.</summary>
    public static int MostTokens => 64;

    /// <summary>What its actors do in some steps, after as many others.</summary>
    public StepTrace Trace(int steps)
    {
        Await(() => Ask(ControlApi.Status, new NoBody())?.Step >= steps ? "" : null);
        Ask(ControlApi.BeginTrace, new TraceBody(steps));
        return Await(() => Ask(ControlApi.TakeTrace, new NoBody())?.Trace);
    }

    public void Dispose()
    {
        Ask(ControlApi.Stop, new StopBody("the benchmark is over"));
        training.Wait(Patience);
        Directory.Delete(folder, recursive: true);
    }

    private string In(params string[] parts) => Path.Combine([folder, .. parts]);

    private string[] Training(string command, string name, string data, params string[] settings)
    {
        string[] all = [$"run.name={name}", $"run.output={folder}", $"data.path={In(data)}", "training.precision=bfloat16", .. settings];
        return [command, .. all.SelectMany(static setting => new[] { "--set", setting })];
    }

    private void Command(params string[] arguments)
    {
        if (Execute(arguments) != 0)
            throw new InvalidOperationException($"actortrain {arguments[0]} failed:\n{said}");
    }

    private int Execute(string[] arguments) => CommandLine.Run(
        arguments, AllCommands.Define(), new CommandContext(said, said, IsTerminal: false, TimeProvider.System));

    private TAnswer? Ask<TBody, TAnswer>(ControlEndpoint<TBody, TAnswer> endpoint, TBody body)
        where TBody : class
        where TAnswer : class => ControlClient.Ask(run, endpoint, body);

    private T Await<T>(Func<T?> find)
        where T : class
    {
        for (var waited = TimeSpan.Zero; waited < Patience; waited += Interval)
        {
            if (find() is { } found)
                return found;
            if (training.Wait(Interval))
                throw new InvalidOperationException($"The run of the benchmark ended:\n{said}");
        }

        throw new TimeoutException($"The run of the benchmark took more than {Patience.TotalMinutes:F0} minutes:\n{said}");
    }
}
