using ActorTrain.Models.Options;

namespace ActorTrain.Persistence.Runs;

[OptionGroup(MayChangeBecause = "another name is another run, and the folder of a run may be moved to another output")]
public sealed record RunOptions : IOptions
{
    [Option("run name: the name of its folder", Pattern = "[A-Za-z0-9][A-Za-z0-9._-]{0,99}", Derived = "the run file's name",
        Expectation = "a name of letters, digits, '.', '-' and '_' that starts with a letter or digit")]
    public string Name { get; init; } = "default";

    [Option("parent folder of the runs", Pattern = OptionText.FolderPattern, Expectation = OptionText.Folder)]
    public string Output { get; init; } = "runs";

    public string Directory => Path.Combine(Output, Name);
}
