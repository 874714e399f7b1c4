using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net;
using ActorTrain.Actors.Protocol;
using ActorTrain.Host.Cli;
using ActorTrain.Host.Configuration;
using ActorTrain.Models;
using ActorTrain.Persistence.Certificates;

namespace ActorTrain.Host.Commands;

/// <summary><c>actortrain cluster</c>: makes the certificates of processes on several machines.</summary>
internal static class ClusterCommand
{
    private const int AuthorityDays = 3650;
    private const int NodeDays = 365;
    private const string DefaultFolder = "certificates";
    private static readonly SettingKind DaysKind = new Whole(1, 36_500);

    public static Command Define() =>
        new CliGroup("cluster", "Make the certificates with which processes on several machines prove who they are.", """
            Make an authority once, and a certificate for each process. Copy ca.pem, NAME.pem and NAME-key.pem to the machine of NAME; the
            authority's key, ca-key.pem, is needed on none of them.

            Examples:
              actortrain cluster init
              actortrain cluster cert leader --role control
              actortrain cluster cert gpu-1
              actortrain cluster list
            """)
        { Init(), Cert(), List() };

    private static CliCommand<ClusterInitRequest> Init()
    {
        var directory = new Argument<string>("DIR")
        {
            Description = $"New folder for the certificates; by default '{DefaultFolder}'.",
            Arity = ArgumentArity.ZeroOrOne,
            DefaultValueFactory = static _ => DefaultFolder,
        };
        var days = OptionChecks.Whole("--days", AuthorityDays, DaysKind, "Days until it expires.");
        return new CliCommand<ClusterInitRequest>("init", "Make the authority that signs the certificates of a cluster.", """
            Writes ca.pem, which all processes of the cluster trust, and ca-key.pem, with which certificates are signed. Whoever has that
            key can take part in every run of the cluster: keep it on one machine, where only its owner may read it.

            Examples:
              actortrain cluster init
              actortrain cluster init ~/certificates
            """,
            line => new ClusterInitRequest(line.GetRequiredValue(directory), line.GetValue(days)), Run) { directory, days };
    }

    private static CliCommand<ClusterCertRequest> Cert()
    {
        var name = new Argument<string>("NAME")
        { Description = "Name of the process: a node's name in its run.", Arity = ArgumentArity.ExactlyOne };
        var directory = Folder();
        var roles = new Option<string[]>("--role")
        {
            Description = "What it may do: worker (the default) hosts trainers, rollout hosts rollouts, control leads runs and may do all.",
            HelpName = "control|worker|rollout",
        };
        roles.CompletionSources.Add([.. CertifiedPeer.Words((NodeRoles)~0)]);
        var hosts = new Option<string[]>("--host")
        {
            Description = "The only IP address where the certificate is accepted; may be given several times. By default any is.",
            HelpName = "ADDRESS",
        };
        var days = OptionChecks.Whole("--days", NodeDays, DaysKind, "Days until it expires, but no later than the authority.");
        var renew = new Option<bool>("--renew")
        { Description = "Replace the certificate of that name; its key stays, as do roles and hosts that are not given." };
        var command = new CliCommand<ClusterCertRequest>("cert", "Make the certificate of a process.", """
            A process reads its certificate again for each connection, so a renewed one only has to be copied over the former.

            Examples:
              actortrain cluster cert leader --role control
              actortrain cluster cert gpu-1 --role worker --role rollout --host 10.0.0.7
              actortrain cluster cert gpu-1 --renew
            """,
            line => new ClusterCertRequest(line.GetRequiredValue(name), line.GetRequiredValue(directory),
                [.. line.GetValue(roles) ?? []], [.. line.GetValue(hosts) ?? []], line.GetValue(days), line.GetValue(renew)),
            Run) { name, directory, roles, hosts, days, renew };
        command.Validators.Add(line =>
        {
            if (line.GetResult(name)?.Tokens is [var given] && NameProblem(given.Value) is { } problem)
                line.AddError(problem);
            if (Wrong(line.GetResult(roles), static word => CertifiedPeer.RoleOf(word) != NodeRoles.None) is { } role)
                line.AddError($"--role is '{role}', but it must be control, worker or rollout");
            if (Wrong(line.GetResult(hosts), static word => IPAddress.TryParse(word, out _)) is { } host)
                line.AddError($"--host is '{host}', but it must be an IP address");
        });
        return command;
    }

    private static CliCommand<ClusterListRequest> List()
    {
        var directory = Folder();
        return new CliCommand<ClusterListRequest>("list", "List the certificates of a folder, with their roles and ends.", """
            Example:
              actortrain cluster list
            """,
            line => new ClusterListRequest(line.GetRequiredValue(directory)), Run) { directory };
    }

    private static int Run(ClusterInitRequest request, CommandContext context)
    {
        var folder = new CertificateFolder(request.Directory);
        CertificateAuthority.Create(folder, request.Days, context.Time.GetUtcNow());
        context.Output.WriteLine($"Wrote {folder.Authority} and {folder.AuthorityKey}. Keep the second secret, and on this machine.");
        return ExitCode.Success;
    }

    private static int Run(ClusterCertRequest request, CommandContext context)
    {
        var folder = new CertificateFolder(request.Directory);
        var roles = request.Roles.Select(CertifiedPeer.RoleOf).Aggregate(NodeRoles.None, static (all, one) => all | one);
        var wanted = new CertifiedPeer(request.Name, roles, [.. request.Hosts.Select(IPAddress.Parse)], default);
        var made = CertificateAuthority.Issue(folder, wanted, request.Renew, request.Days, context.Time.GetUtcNow());
        context.Output.WriteLine($"{made.Name}: {Words(made)}, until {Day(made.NotAfter)}.");
        context.Output.WriteLine(request.Renew ? $"Copy {folder.FileOf(made.Name)} to its machine; the process need not be restarted."
            : $"Copy {folder.Authority}, {folder.FileOf(made.Name)} and {folder.KeyOf(made.Name)} to one folder of its machine.");
        return ExitCode.Success;
    }

    private static int Run(ClusterListRequest request, CommandContext context)
    {
        var (authority, nodes) = new CertificateFolder(request.Directory).ReadAll();
        var width = nodes.Select(static node => node.Peer.Name.Length).Append("authority".Length).Max();
        var now = context.Time.GetUtcNow();
        context.Output.WriteLine($"{"authority".PadRight(width)}  {End(authority, now)}");
        foreach (var (peer, isOfAuthority) in nodes)
        {
            context.Output.WriteLine($"{peer.Name.PadRight(width)}  {End(peer.NotAfter, now)}  {Words(peer)}"
                + (isOfAuthority ? "" : "  (of another authority)"));
        }

        return ExitCode.Success;
    }

    private static Option<string> Folder() => new("--directory")
    {
        Description = $"Folder of the certificates; by default '{DefaultFolder}'.",
        HelpName = "DIR",
        Arity = ArgumentArity.ExactlyOne,
        DefaultValueFactory = static _ => DefaultFolder,
    };

    private static string? Wrong(OptionResult? given, Func<string, bool> isRight) =>
        given?.Tokens.Select(static token => token.Value).FirstOrDefault(word => !isRight(word));

    private static string? NameProblem(string name) =>
        !NodeProtocol.IsName(name)
            ? $"NAME is '{name}', but it must be letters, digits, dots, dashes and underscores, at most {NodeProtocol.LongestName}"
        : CertificateFolder.IsReserved(name) || IPAddress.TryParse(name, out _)
            ? $"NAME is '{name}', which would be mistaken for another file or for an address; choose another"
        : null;

    private static string Words(CertifiedPeer peer) => string.Join(", ", CertifiedPeer.Words(peer.Roles))
        + (peer.Hosts.Count > 0 ? $" at {string.Join(", ", peer.Hosts)}" : "");

    private static string End(DateTimeOffset end, DateTimeOffset now) =>
        end < now ? $"expired on {Day(end)}" : $"until {Day(end)} ({Plural.Of((int)(end - now).TotalDays, "day")})";

    private static string Day(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}

public sealed record ClusterInitRequest(string Directory, int Days);

public sealed record ClusterCertRequest(
    string Name, string Directory, EquatableArray<string> Roles, EquatableArray<string> Hosts, int Days, bool Renew);

public sealed record ClusterListRequest(string Directory);
