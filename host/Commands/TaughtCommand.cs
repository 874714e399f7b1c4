using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace ActorTrain.Host.Commands;

/// <summary>A command whose help ends with more than its options: examples, and what to know before using it.</summary>
internal sealed class TaughtCommand : Command
{
    /// <summary>Creates the command.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="description">One sentence.</param>
    /// <param name="lesson">What follows the list of options in its help.</param>
    public TaughtCommand(string name, string description, string lesson)
        : base(name, description)
    {
        Lesson = lesson;
    }

    /// <summary>What follows the list of options.</summary>
    public string Lesson { get; }
}

/// <summary>Prints the usual help, then the lesson of a <see cref="TaughtCommand"/>.</summary>
internal sealed class TeachingHelp(HelpAction usual) : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        usual.MaxWidth = 120;
        usual.Invoke(parseResult);
        var lesson = parseResult.CommandResult.Command switch
        {
            TaughtCommand taught => taught.Lesson,
            RootCommand => CommandLine.Lesson,
            _ => null,
        };
        if (lesson is not null)
            parseResult.InvocationConfiguration.Output.WriteLine(lesson.TrimEnd());
        return ExitCode.Success;
    }
}
