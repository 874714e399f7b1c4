using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace ActorTrain.Host.Cli;

/// <summary>A command of <c>actortrain</c>, whose help ends with examples and background.</summary>
internal abstract class CliCommand : Command
{
    private protected CliCommand(string name, string description, string longHelp)
        : base(name, description)
    {
        LongHelp = longHelp;
    }

    /// <summary>Follows the list of options in its help.</summary>
    public string LongHelp { get; }

    internal abstract object Read(ParseResult line);

    /// <returns>The exit code.</returns>
    internal abstract int Run(ParseResult line, CommandContext context);
}

/// <summary>A command with a parsed request.</summary>
/// <param name="longHelp">As <see cref="CliCommand.LongHelp"/>.</param>
internal sealed class CliCommand<TRequest>(string name, string description, string longHelp, Func<ParseResult, TRequest> read,
    Func<TRequest, CommandContext, int> run)
    : CliCommand(name, description, longHelp)
    where TRequest : notnull
{
    internal override object Read(ParseResult line) => read(line);

    internal override int Run(ParseResult line, CommandContext context) => run(read(line), context);
}

/// <summary>Commands under one name.</summary>
internal sealed class CliGroup(string name, string description, string longHelp) : Command(name, description)
{
    public string LongHelp => longHelp;
}

/// <summary>Prints the usual help, then the long help of a <see cref="CliCommand"/>.</summary>
internal sealed class LessonHelp(HelpAction usual) : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        usual.MaxWidth = 120;
        usual.Invoke(parseResult);
        var longHelp = parseResult.CommandResult.Command switch
        {
            CliCommand command => command.LongHelp,
            CliGroup group => group.LongHelp,
            RootCommand => CommandLine.LongHelp,
            _ => null,
        };
        if (longHelp is not null)
            parseResult.InvocationConfiguration.Output.WriteLine(longHelp.TrimEnd());
        return ExitCode.Success;
    }
}
