using System.Runtime.CompilerServices;
using ActorTrain.Host.Cli;
using ActorTrain.Host.Commands;
using ActorTrain.Host.Configuration;
using ActorTrain.Models.Storage;

namespace ActorTrain.Host.Tests.Deployment;

/// <summary>The files of <c>ops/deploy</c>, and what they have the program do.</summary>
internal static class Deployed
{
    /// <summary>The program, where it is installed.</summary>
    public const string Program = "/opt/actortrain/actortrain";

    // A slow disk, and a generous number of tokens.
    private const long BytesPerSecond = 50_000_000;
    private const int Vocabulary = 50_000;

    /// <summary>A path in the repository.</summary>
    public static string At(params string[] parts) => Path.Combine([Root(), .. parts]);

    public static string Read(params string[] parts) => File.ReadAllText(At(["ops", "deploy", .. parts]));

    /// <summary>What a command line of the program asks for; fails with the program's sentence if it is wrong.</summary>
    public static object Request(params string[] arguments)
    {
        object? request = null;
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = CommandLine.Run(arguments, AllCommands.Define(), new CommandContext(output, error, false, TimeProvider.System),
            (command, line, _) =>
            {
                request = command.Read(line);
                return ExitCode.Success;
            });
        code.ShouldBe(ExitCode.Success, $"actortrain {string.Join(' ', arguments)}: {error}");
        return request.ShouldNotBeNull();
    }

    /// <summary>What a run file and the settings of a command line say.</summary>
    public static RunConfiguration Configuration(string runFile, TrainRequest request) =>
        RunFile.Parse(runFile, request.RunFile!, request.Overrides);

    /// <summary>Time of a save on a slow disk: weights and two moments, in single precision.</summary>
    public static TimeSpan SaveOf(RunConfiguration configuration) => TimeSpan.FromSeconds(
        12.0 * ModelLayout.Of(configuration.ModelFor(Vocabulary)).ParameterCount / BytesPerSecond);

    private static string Root([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../.."));
}
