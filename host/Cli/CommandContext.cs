namespace ActorTrain.Host.Cli;

/// <summary>What a command may use of the world around it.</summary>
/// <param name="Output">Where results go.</param>
/// <param name="Error">Where errors and warnings go.</param>
/// <param name="IsTerminal">Whether <paramref name="Output"/> is a terminal that can be redrawn.</param>
public sealed record CommandContext(TextWriter Output, TextWriter Error, bool IsTerminal, TimeProvider Time)
{
    /// <summary>The process's own console and clock.</summary>
    public static CommandContext OfProcess() => new(Console.Out, Console.Error, TerminalIsLive(), TimeProvider.System);

    // https://no-color.org: any value that is not empty. A dumb terminal cannot move its cursor.
    private static bool TerminalIsLive() =>
        !Console.IsOutputRedirected
        && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
        && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb");
}
