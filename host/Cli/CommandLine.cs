using System.CommandLine;
using System.CommandLine.Help;
using ActorTrain.Models;
using ActorTrain.Models.Runtime;
using ActorTrain.Persistence.Terms;

namespace ActorTrain.Host.Cli;

/// <summary>The command line of <c>actortrain</c>; the only place where errors become messages and exit codes.</summary>
internal static class CommandLine
{
    /// <summary>Follows the list of commands in the help.</summary>
    internal const string LongHelp = """
        From text to a trained model:
          actortrain doctor
          actortrain prepare --input book.txt --output data/book
          actortrain pretrain --set run.name=book --set data.path=data/book
          actortrain plot book --output loss.svg
          actortrain generate book --prompt 'In the beginning'

        While it trains, from another terminal:
          actortrain status book
          actortrain scale book --trainers 3
          actortrain rollback book --to 1200 --skip 200
          actortrain goodput book

        Exit codes: 0 success; 1 internal error, or a failed audit, --verify or chaos run; 2 bad input; 75 another process has taken the
        run over; 130 interrupted.
        """;

    /// <summary>Parses and executes a command line.</summary>
    /// <returns>The process's exit code; see <see cref="ExitCode"/>.</returns>
    public static int Run(IReadOnlyList<string> arguments, IReadOnlyList<Command> commands, CommandContext context) =>
        Run(arguments, commands, context, static (command, line, context) => command.Run(line, context));

    /// <summary>The same, with a given action for a valid command line.</summary>
    internal static int Run(IReadOnlyList<string> arguments, IReadOnlyList<Command> commands, CommandContext context, Func<CliCommand,
        ParseResult, CommandContext, int> run)
    {
        var root = Root(commands, line => run((CliCommand)line.CommandResult.Command, line, context));
        if (arguments.Count == 0)
            arguments = ["--help"];

        // A response file ('@name') would give '@' in a prompt an unexpected meaning.
        var line = root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (line.Errors.Count > 0 && line.Action is not LessonHelp)
        {
            return Refuse(context, ParseErrors.Sentence(line, root));
        }

        try
        {
            return line.Invoke(new InvocationConfiguration
            {
                Output = context.Output,
                Error = context.Error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            });
        }
        catch (UserErrorException error) when (error is TermLostException or UnavailableException)
        {
            Refuse(context, error.Message);
            return ExitCode.TryAgain;
        }
        catch (UserErrorException error)
        {
            return Refuse(context, error.Message);
        }
        catch (OperationCanceledException)
        {
            context.Error.WriteLine("actortrain: interrupted.");
            return ExitCode.Cancelled;
        }
        catch (Exception error) when (MemoryExhaustion.IsCauseOf(error))
        {
            context.Error.WriteLine(
                $"actortrain: Out of memory: {error.GetBaseException().Message.Split('\n')[0].TrimEnd('.')}. Free memory, use a larger "
                + $"machine, or choose a smaller model.");
            return ExitCode.Failure;
        }
#pragma warning disable CA1031 // The outermost frame: whatever arrives here ends the process with a message.
        catch (Exception error)
#pragma warning restore CA1031
        {
            context.Error.WriteLine($"actortrain: {error.GetType().Name}: {error.Message}");
            context.Error.WriteLine(Environment.GetEnvironmentVariable("ACTORTRAIN_TRACE") is { Length: > 0 }
                ? error.StackTrace
                : "This is an internal error or a hardware fault. Set ACTORTRAIN_TRACE=1 for a stack trace, and run 'actortrain doctor'.");
            return ExitCode.Failure;
        }
    }

    private static RootCommand Root(IReadOnlyList<Command> commands, Func<ParseResult, int> run)
    {
        var root = new RootCommand("ActorTrain: fault-tolerant language model training with bit-identical results.");
        foreach (var command in commands.Append(HelpCommand.Define(root)))
        {
            foreach (var one in command is CliGroup group ? group.Subcommands : [command])
            {
                ParseErrors.RefuseMisspelt(one);
                ParseErrors.RefuseNameless(one);
                one.SetAction(run);
            }

            root.Add(command);
        }

        foreach (var option in root.Options)
        {
            if (option is HelpOption { Action: HelpAction usual } help)
                help.Action = new LessonHelp(usual);
        }

        return root;
    }

    // One line, even if a given name contains several.
    private static int Refuse(CommandContext context, string sentence)
    {
        context.Error.WriteLine($"actortrain: {sentence.ReplaceLineEndings("␤")}");
        return ExitCode.UserError;
    }
}
