namespace ActorTrain.Host.Cli;

/// <summary>The environment of a command.</summary>
/// <param name="Output">For results.</param>
/// <param name="Error">For errors and warnings.</param>
/// <param name="IsTerminal">Whether <paramref name="Output"/> is a terminal that can be redrawn.</param>
public sealed record CommandContext(TextWriter Output, TextWriter Error, bool IsTerminal, TimeProvider Time)
{
    public static CommandContext OfProcess() => new(Console.Out, Console.Error, TerminalIsLive(), TimeProvider.System);

    // https://no-color.org: any value that is not empty. A dumb terminal cannot move its cursor.
    private static bool TerminalIsLive() =>
        !Console.IsOutputRedirected
        && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
        && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb");
}
