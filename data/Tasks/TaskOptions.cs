using ActorTrain.Models;
using ActorTrain.Models.Options;

namespace ActorTrain.Data.Tasks;

public enum TaskName
{
    Reverse,
    Sort,
    Add,
    Brackets,
    Preferences,
}

public sealed record TaskOptions : IOptions
{
    public required TaskName Task { get; init; }

    [Option("Output folder.")]
    public required string Output { get; init; }

    [Option("Prompts; of preferences, also pairs and rankings, each with other prompts.", Min = 1)]
    public int Count { get; init; } = 2000;

    [Option("Demonstrations, with other prompts.")]
    public int Demonstrations { get; init; } = 5000;

    [Option("Fraction of demonstrations with one wrong character in the answer.", Max = 1)]
    public double Mistakes { get; init; }

    [Option("Completions of a ranking, of preferences.", Min = 2, Max = 16)]
    public int Completions { get; init; } = 4;

    [Option("Most that noise adds to or takes from the hidden score of a completion before it is labelled, of preferences.")]
    public double Noise { get; init; } = 0.5;

    [Option("Seed of the problems; the same options give the same bytes.")]
    public ulong Seed { get; init; } = 1;

    [Option("Replace an output folder written by an earlier 'task'.")]
    public bool Force { get; init; }

    internal IProblems Problems => Task switch
    {
        TaskName.Reverse => new ReverseProblems(Seed),
        TaskName.Sort => new SortProblems(Seed),
        TaskName.Add => new AddProblems(Seed),
        TaskName.Brackets => new BracketProblems(Seed),
        TaskName.Preferences => new PreferenceProblems(Seed),
        _ => throw new InvalidOperationException($"There is no task {Task}."),
    };

    public IEnumerable<OptionProblem> Validate()
    {
        if (string.IsNullOrWhiteSpace(Output))
            yield return new($"{nameof(Output):key} is empty: name a folder.");
        var prompts = Task is TaskName.Preferences ? 3L * Count : Count;
        if (prompts + Demonstrations > Problems.Count)
        {
            yield return new(
                $"{nameof(Count):key} {Count} and {nameof(Demonstrations):key} {Demonstrations} need {prompts + Demonstrations} different "
                + $"prompts, but there are {Problems.Count}: choose lower numbers.");
        }
    }
}
