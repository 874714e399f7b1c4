using System.CommandLine;

namespace ActorTrain.Host.Cli;

/// <summary>The arguments that name a run: an existing one, or one by its configuration.</summary>
internal static class RunArgument
{
    public static Argument<string> Create(string description = "Name (under runs/) or folder of a run, "
        + "whose newest good checkpoint is used, or a checkpoint folder.") =>
        new("RUN") { Description = description, Arity = ArgumentArity.ExactlyOne };

    public static (Argument<string?> File, Option<string[]> Set) Configuration() =>
    (
        new("RUN.yaml")
        {
            Description =
            "Run file; without one, all settings come from --set and the defaults.",
            Arity = ArgumentArity.ZeroOrOne
        },
        new("--set")
        {
            Description = "Override a key of the run file, such as --set training.steps=2000; repeatable.",
            HelpName = "KEY=VALUE",
            Arity = ArgumentArity.OneOrMore,
        }
    );
}
