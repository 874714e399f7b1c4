using ActorTrain.Models.Options;

namespace ActorTrain.Persistence.Runs;

/// <summary>The trained weights that a run starts with.</summary>
public sealed record BaseOptions : IOptions
{
    private const string Kept = "the run has its own copy: its digest must match, not its place";

    [Option("run, or folder of a checkpoint, whose weights the run starts with, and whose shape it has; empty: random initial weights",
        Pattern = $"|{OptionText.FolderPattern}", Expectation = OptionText.Folder, MayChangeBecause = Kept)]
    public string Model { get; init; } = "";

    [Option("SHA-256 of these weights; recorded at the start", Pattern = "|[0-9a-f]{64}",
        Expectation = "64 hexadecimal digits")]
    public string Digest { get; init; } = "";

    [Option("token ids of that model; recorded at the start", Min = 0, Max = int.MaxValue)]
    public int Vocabulary { get; init; }
}
