using System.CommandLine;
using ActorTrain.Actors.Hosting;
using ActorTrain.Actors.Nodes;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Security;
using ActorTrain.Host.Cli;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Hosting;
using ActorTrain.Host.Nodes;
using ActorTrain.Host.Training;
using ActorTrain.Models;
using ActorTrain.Persistence.Certificates;

namespace ActorTrain.Host.Commands;

internal static class NodeCommand
{
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(10);
    private const NodeRoles Hosted = NodeRoles.Worker | NodeRoles.Rollout;
    private static readonly SettingKind RoomKind = new Whole(1, 1024);

    public static CliCommand Define()
    {
        var join = new Option<string>("--join")
        {
            Description = "Where the run accepts nodes (nodes.listen); several addresses are all dialled.",
            HelpName = "HOST:PORT[,HOST:PORT...]",
            Required = true,
            Arity = ArgumentArity.ExactlyOne,
        };
        var name = new Option<string?>("--name")
        {
            Description = "Name of the node, unique in the run; by default that of its certificate, or of the machine and the process.",
            HelpName = "NAME",
            Arity = ArgumentArity.ExactlyOne,
        };
        var data = new Option<string?>("--data")
        {
            Description = "Folder of the token data on this machine; by default the path that the run has.",
            HelpName = "DIR",
            Arity = ArgumentArity.ExactlyOne,
        };
        var certificates = new Option<string?>("--certificates")
        {
            Description = "Folder with ca.pem and the certificate of this node, if the run has certificates (nodes.certificates).",
            HelpName = "DIR",
            Arity = ArgumentArity.ExactlyOne,
        };
        var certificate = new Option<string?>("--certificate")
        {
            Description = "Name of the certificate; by default the only one whose key is in that folder.",
            HelpName = "NAME",
            Arity = ArgumentArity.ExactlyOne,
        };
        var roles = new Option<string[]>("--role")
        {
            Description = "What this node hosts: worker (trainers) or rollout (samplers, scorers, reference and critic); repeat it for "
                + "both. By default those of its certificate, or both.",
            HelpName = "ROLE",
        };
        roles.CompletionSources.Add([.. CertifiedPeer.Words(Hosted)]);
        var trainers = OptionChecks.Whole("--trainers", 1, RoomKind, "Trainers that this node takes at most.");
        var readyFile = OptionChecks.ReadyFile();
        var worker = new Option<bool>("--worker") { Hidden = true };
        var command = new CliCommand<NodeRequest>("node", "Host trainers and samplers of a run that another process leads.", """
            Dials until the run answers, and offers this process: the run gives it trainers and, in a run on rollouts, samplers, scorers,
            references and critics, or parks it until one of them needs a place. The process must be the same build of actortrain, and
            find the run's folder and token data at the same paths; both are compared by hash. Kill it at any moment: its lanes and
            rollouts go to others within the same step, and no bit changes. If the run ends, or is restarted, the node dials again,
            without end.

            Ctrl-C or SIGTERM leaves in order and exits with 0; a second one exits immediately. Exit code 2: the run refused the node
            and gave the reason.

            Examples:
              actortrain pretrain book.yaml --set nodes.listen=127.0.0.1:4053
              actortrain node --join 127.0.0.1:4053
              actortrain node --join 127.0.0.1:4053,127.0.0.1:4054 --name spare --trainers 2
              actortrain node --join 10.0.0.5:4053 --certificates /etc/actortrain
              actortrain node --join 127.0.0.1:4053 --role rollout
            """,
            line => new NodeRequest(
                line.GetRequiredValue(join), line.GetValue(name), line.GetValue(data), line.GetValue(worker) ? 0 : line.GetValue(trainers),
                line.GetValue(worker), line.GetValue(certificates), line.GetValue(certificate), line.GetValue(readyFile),
                line.GetValue(roles) is { Length: > 0 } asked ? asked : null),
            Run) { join, name, roles, data, certificates, certificate, trainers, readyFile, worker };
        command.Validators.Add(line =>
        {
            if (line.GetResult(join)?.Tokens is [.., var addresses] && Addresses(addresses.Value) is null)
                line.AddError($"--join is '{addresses.Value}', but it must be HOST:PORT, or several of them with commas between");
            if (line.GetResult(certificate) is { Implicit: false } && line.GetResult(certificates) is null or { Implicit: true })
                line.AddError("--certificate needs --certificates, the folder where it is");
            if (line.GetResult(roles)?.Tokens.FirstOrDefault(static word => !Hosted.HasFlag(RoleOf(word.Value))) is { } wrong)
                line.AddError($"--role is '{wrong.Value}', but it must be worker or rollout");
            if (line.GetResult(name)?.Tokens is [.., var given] && !NodeProtocol.IsName(given.Value))
                line.AddError($"--name is '{given.Value}', but it must be letters, digits, dots, dashes and underscores, at most "
                    + $"{NodeProtocol.LongestName}");
        });
        return command;
    }

    private static int Run(NodeRequest request, CommandContext context)
    {
        if (request.IsWorker)
            ProcessEnd.WithParent();
        var credentials = request.Certificates is null ? null
            : new NodeCredentials(request.Certificates, request.Certificate, Hosted, context.Time);
        var security = credentials is null ? null : new PeerSecurity(credentials);
        var options = new NodeLinkOptions
        {
            Node = new NodeKey(NameOf(request, credentials), context.Time.GetUtcNow().Ticks),
            Build = BuildIdentity.Value,
            Host = Environment.MachineName,
            ProcessId = Environment.ProcessId,
            Roles = RolesOf(request, credentials),
            Room = request.Room,
            Addresses = Addresses(request.Join)!.Length,
            Seed = Environment.ProcessId,
        };
        using var service = request.IsWorker ? new ServiceWatch(null, null) : ServiceWatch.OfProcess(request.ReadyFile);
        using var log = new ErrorLog(context.Error);
        var run = new NodeRun(request.Data, trustsData: request.IsWorker, security, log);
        var host = NodeHost.Start(options, Addresses(request.Join)!, run, security, Say, log);
        if (!request.IsWorker && credentials?.Warning is { } warning)
            Say(warning, true);
        using var watched = service.Ask(async within =>
        {
            var standing = await host.Standing(within).ConfigureAwait(false);
            return new ServiceState(standing.IsAdmitted, standing.Words);
        });
        using var stop = new StopSignal(host.Leave, ignoresInterrupt: request.IsWorker);
        var refusal = host.Ended.GetAwaiter().GetResult();

        // What a trainer that hangs may still use is not freed.
        if (host.End(EndPatience))
        {
            host.Dispose();
            run.Dispose();
        }

        if (refusal is not null)
            throw new UserErrorException(refusal);
        context.Output.WriteLine($"{options.Node} has left.");
        return ExitCode.Success;

        void Say(string sentence, bool isWarning) =>
            (isWarning ? context.Error : context.Output).WriteLine($"{options.Node}: {sentence}");
    }

    private static string[]? Addresses(string text)
    {
        var addresses = text.Split(',', StringSplitOptions.TrimEntries);
        return addresses.All(static address => address.LastIndexOf(':') is > 0 and var colon
            && ushort.TryParse(address[(colon + 1)..], out var port) && port > 0
            && Uri.CheckHostName(address[..colon]) is not UriHostNameType.Unknown) ? addresses : null;
    }

    // Who may lead may start nodes under any name.
    private static string NameOf(NodeRequest request, NodeCredentials? credentials)
    {
        if (credentials is null)
            return request.Name ?? NameOfProcess();
        return request.Name is null || request.Name == credentials.Name || credentials.Own.Roles.HasFlag(NodeRoles.Control)
            ? request.Name ?? credentials.Name
            : throw new UserErrorException($"--name is '{request.Name}', but the certificate is of {credentials.Name}; leave out "
                + "--name, or choose another certificate with --certificate.");
    }

    // Who may lead may do all.
    private static NodeRoles RolesOf(NodeRequest request, NodeCredentials? credentials)
    {
        var asked = (request.Roles ?? []).Select(RoleOf).Aggregate(NodeRoles.None, static (all, one) => all | one);
        var allowed = credentials is null || credentials.Own.Roles.HasFlag(NodeRoles.Control) ? Hosted : credentials.Own.Roles & Hosted;
        return asked == NodeRoles.None ? allowed
            : allowed.HasFlag(asked) ? asked
            : throw new UserErrorException($"The certificate of {credentials!.Name} has the role "
                + $"{string.Join(" and ", CertifiedPeer.Words(allowed))} alone; leave out --role, or create another certificate with "
                + $"'actortrain cluster cert {credentials.Name} --renew{string.Concat(CertifiedPeer.Words(asked | allowed)
                    .Select(static word => $" --role {word}"))}'.");
    }

    private static NodeRoles RoleOf(string word) => CertifiedPeer.RoleOf(word) is var role and not NodeRoles.None ? role : (NodeRoles)~0;

    private static string NameOfProcess()
    {
        var machine = new string([.. Environment.MachineName.Select(static letter => char.IsAsciiLetterOrDigit(letter) ? letter : '-')]);
        return $"{machine[..Math.Min(machine.Length, 48)]}-{Environment.ProcessId}";
    }
}

/// <param name="Room">Trainers that it takes at most; 0 for its share.</param>
/// <param name="IsWorker">Whether the process that leads started it, with which it then ends.</param>
public sealed record NodeRequest(string Join, string? Name, string? Data, int Room, bool IsWorker,
    string? Certificates = null, string? Certificate = null, string? ReadyFile = null, IReadOnlyList<string>? Roles = null);
